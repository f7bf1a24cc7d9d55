package sender

import (
	"fmt"
	"time"
)

// gradeRetries returns a check that a kind of failure is followed by another attempt, where the
// policy says so.
func gradeRetries(is func(*attempt) bool, what string) func(*grading, *found) {
	return func(g *grading, f *found) {
		f.missing = fmt.Sprintf("no attempt got %s: let the bin answer so (--prepare)", what)
		for _, d := range g.deliveries {
			for i, a := range d.attempts {
				if !a.known || a.success || !is(a) {
					continue
				}
				next := g.after(d, i)
				switch {
				case !next.again:
					f.missing = fmt.Sprintf("by the policy, %s", next.why)
				case i+1 < len(d.attempts):
					f.seen++
				case a.ended.IsZero():
					f.missing = "the sender may still wait for a response"
				case g.now.Before(a.ended.Add(next.most + g.tolerance(next.most))):
					f.missing = fmt.Sprintf("the next attempt was due after %s, and %s have passed", next.most, span(g.now.Sub(a.ended)))
				default:
					f.fail(d, "no attempt followed %s within %s; it was due after %s", a.response, span(g.now.Sub(a.ended)), next.most)
				}
			}
		}
	}
}

// span is a duration for a reader.
func span(d time.Duration) string {
	switch {
	case d >= 10*time.Second:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	}
	return d.Round(100 * time.Microsecond).String()
}
