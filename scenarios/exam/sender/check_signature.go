package sender

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hookrig/hookrig/fixtures"
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
	if len(f.wrong) > 0 {
		f.assumed = g.signedByOption()
	}
}

// mostTried is how many attempts are tried with each option.
const mostTried = 100

// signedByOption returns the option of the provider with which all signatures are valid, and the
// assumption that it replaces, or "".
func (g *grading) signedByOption() string {
	known := g.o.Catalogue
	if known == nil {
		known = fixtures.Builtin()
	}
	for i := range g.provider.Options {
		option := &g.provider.Options[i]
		at := slices.IndexFunc(g.provider.SigningAssumed, func(text string) bool { return strings.HasPrefix(text, option.Row+":") })
		if option.Row == "" || at < 0 {
			continue
		}
		for _, value := range option.Values {
			with, err := known.With(fixtures.OptionSetting{Provider: g.provider.Name, Name: option.Name, Value: value})
			if err != nil {
				continue // the provider is not from this catalogue
			}
			if p, err := with.Provider(g.provider.Name); err == nil && g.validWith(p) {
				return fmt.Sprintf("%s (they are valid with --option %s.%s=%s)", g.provider.SigningAssumed[at], g.provider.Name, option.Name, value)
			}
		}
	}
	return ""
}

// validWith reports whether the signatures are valid by another provider's scheme.
func (g *grading) validWith(p *fixtures.Provider) bool {
	v, err := signature.NewVerifier(&p.Signing, g.o.Secrets...)
	if err != nil {
		return false
	}
	return !slices.ContainsFunc(g.attempts[:min(len(g.attempts), mostTried)], func(a *attempt) bool {
		verdict := v.Verify(a.Message, g.context(a)).Verdict
		return verdict != signature.Valid && verdict != signature.Stale
	})
}

// lacksLine reports whether an attempt lacks a line that the signature covers, such as the
// timestamp.
func (g *grading) lacksLine(a *attempt) bool {
	return slices.ContainsFunc(g.coveredLines(), func(name string) bool { _, has := a.Headers.Lookup(name); return !has })
}

// coveredLines returns the names of the lines that belong to the signatures and are none.
func (g *grading) coveredLines() []string {
	var names []string
	for i := range g.provider.Signing.Signatures {
		for _, e := range g.provider.Signing.Signatures[i].Emit {
			if e.Header != "" && !strings.Contains(e.Value, "${sig") && !strings.Contains(e.Value, "${secret") {
				names = append(names, e.Header)
			}
		}
	}
	return names
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
			case g.repeatsStamp() && g.partial(d):
				f.gone = firstGone
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
