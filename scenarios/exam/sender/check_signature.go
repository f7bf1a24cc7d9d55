package sender

import (
	"slices"
	"strings"
	"time"

	"github.com/hookrig/hookrig/fixtures/signature"
)

// gradeSignatures checks the signature of every attempt. The age of its timestamp is another check.
func gradeSignatures(g *grading, f *found) {
	if len(g.provider.Signing.Signatures) == 0 {
		f.absent = "the provider signs nothing"
		return
	}
	if g.verifier == nil {
		f.missing = "no secret is known: give --secret"
		return
	}
	f.missing = "no attempt has the header lines that are signed"
	f.assumed = strings.Join(g.provider.SigningAssumed, " ")
	if f.assumed != "" && g.provider.Partial {
		f.assumed = "" // what a partial provider assumes is not how it signs
	}
	for _, d := range g.deliveries {
		for i, a := range d.attempts {
			if a.signed.Verdict == signature.Valid || a.signed.Verdict == signature.Stale {
				f.seen++
				continue
			}
			if a.signed.Verdict == signature.Missing && g.lacksLine(a) {
				continue // another check
			}
			why := a.signed.Explanation
			if len(f.wrong) < mostWrong {
				why = g.verifier.Explain(a.Message, g.context(a)).Explanation
			}
			f.fail(d, "attempt %d, %s: %s", i+1, a.signed.Verdict, why)
		}
	}
}

// lacksLine reports whether an attempt has no line that the signature covers, such as the
// timestamp.
func (g *grading) lacksLine(a *attempt) bool {
	stated, _ := g.lines()
	return slices.ContainsFunc(stated, func(name string) bool { _, has := a.Headers.Lookup(name); return !has })
}

// gradeFreshness checks the age of the signed timestamps.
func gradeFreshness(g *grading, f *found) {
	stamp := g.provider.Signing.Timestamp
	switch {
	case len(g.stampLines()) == 0:
		f.absent = "the signatures have no timestamp"
		return
	case stamp.Tolerance == 0:
		f.absent = "the provider's file has no tolerance for timestamps"
		return
	case g.verifier == nil:
		f.missing = "no secret is known: give --secret"
		return
	}
	f.missing = "no attempt has a valid signature"
	for _, d := range g.deliveries {
		for i, a := range d.attempts {
			switch {
			case i > 0 && (g.repeatsStamp() || g.sameStamp(a, d.attempts[i-1])): // another check
			case a.signed.Verdict == signature.Stale:
				f.fail(d, "attempt %d: %s", i+1, a.signed.Explanation)
			case a.signed.Verdict == signature.Valid:
				f.seen++
			}
		}
	}
}

// repeatsStamp reports whether retries have the timestamp of the first attempt, by the policy.
func (g *grading) repeatsStamp() bool {
	return g.retry.Resign == "never" || g.provider.Signing.Timestamp.Of == "event"
}

// gradeRenewal checks whether retries have a new timestamp, or that of the first attempt.
func gradeRenewal(g *grading, f *found) {
	lines := g.stampLines()
	if len(lines) == 0 {
		f.absent = "the signatures have no timestamp in a header line"
		return
	}
	f.missing = "no event was tried twice"
	g.absentWithoutRetries(f)
	for _, d := range g.deliveries {
		for i := range len(d.attempts) - 1 {
			a, next := d.attempts[i], d.attempts[i+1]
			same := g.sameStamp(a, next)
			if g.lacksLine(a) || g.lacksLine(next) {
				continue // another check
			}
			switch apart := next.At.Sub(a.At); {
			case same && apart < 2*g.stampUnit():
				f.missing = "the attempts are too close to tell their timestamps apart: want two seconds or more between them"
			case same && !g.repeatsStamp():
				f.fail(d, "attempt %d, %s after attempt %d, has the same %s", i+2, span(apart), i+1, strings.Join(lines, " and "))
			case !same && g.repeatsStamp():
				f.fail(d, "attempt %d has another %s than attempt %d", i+2, strings.Join(lines, " and "), i+1)
			default:
				f.seen++
			}
		}
	}
}

// sameStamp reports whether two attempts have the same lines with the timestamp.
func (g *grading) sameStamp(a, b *attempt) bool {
	return !slices.ContainsFunc(g.stampLines(), func(name string) bool { return a.Headers.Get(name) != b.Headers.Get(name) })
}

// stampLines returns the names of the header lines that hold the signed timestamp.
func (g *grading) stampLines() []string {
	var names []string
	for i := range g.provider.Signing.Signatures {
		for _, e := range g.provider.Signing.Signatures[i].Emit {
			if e.Header != "" && strings.Contains(e.Value, "${ts") && !slices.Contains(names, e.Header) {
				names = append(names, e.Header)
			}
		}
	}
	return names
}

// stampUnit is the resolution of the signed timestamps.
func (g *grading) stampUnit() time.Duration {
	if g.provider.Signing.Timestamp.Unit == "ms" {
		return time.Millisecond
	}
	return time.Second
}
