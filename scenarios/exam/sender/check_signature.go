package sender

import "github.com/hookrig/hookrig/fixtures/signature"

// gradeSignatures checks the signature of every attempt. The age of its timestamp is another check.
func gradeSignatures(g *grading, f *found) {
	if len(g.provider.Signing.Signatures) == 0 {
		f.absent = "the provider signs nothing"
		return
	}
	f.missing = "no secret is known: give --secret"
	v, err := g.verifier()
	if v == nil || err != nil {
		return
	}
	for _, d := range g.deliveries {
		for i, a := range d.attempts {
			if a.signed.Verdict == signature.Valid || a.signed.Verdict == signature.Stale {
				f.seen++
				continue
			}
			why := a.signed.Explanation
			if len(f.wrong) < mostWrong {
				why = v.Explain(a.Message, g.context(a)).Explanation
			}
			f.fail(d, "the signature of attempt %d is %s: %s", i+1, a.signed.Verdict, why)
		}
	}
}
