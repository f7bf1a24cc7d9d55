package sender

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/hookrig/hookrig/internal/terminal"
)

// TextOptions configure WriteText.
type TextOptions struct {
	// Color adds colours for a terminal.
	Color bool
	// All lists every check, not only those that did not pass.
	All bool
}

// WriteText writes a report for people: the score, and what is wrong and how to fix it.
func WriteText(w io.Writer, r Report, o TextOptions) error {
	t := terminal.NewWriter(w)
	p := painter{o.Color}
	t.Printf("%s %s as a sender of %s events: %s, %s\n", p.bold("exam of"), r.Bin, r.Provider, count(r.Captures, "request"), count(r.Deliveries, "event"))
	for _, note := range r.Notes {
		t.Printf("note: %s\n", note)
	}
	if r.Problem != "" {
		t.Printf("%s %s\n", p.of(Fail, "nothing could be graded:"), r.Problem)
		return t.Err()
	}
	for _, level := range Levels() {
		writeTally(t, p, level, *r.Score.Level(level))
	}
	for _, verdict := range []Verdict{Fail, Warn} {
		for i := range r.Checks {
			if c := &r.Checks[i]; c.Result == verdict {
				writeWrong(t, p, c)
			}
		}
	}
	writeInconclusive(t, &r)
	for i := range r.Checks {
		if c := &r.Checks[i]; o.All && c.Result != Fail && c.Result != Warn {
			t.Printf("%s  %-6s  %s  %s%s\n", p.of(c.Result, fmt.Sprintf("%-14s", c.Result)), c.Level, c.ID, c.Title, reason(c))
		} else if c.Result == Skipped {
			t.Printf("skipped: %s: %s\n", c.ID, c.Why)
		}
	}
	return t.Err()
}

// reason is why a check has no grade, in brackets.
func reason(c *Result) string {
	if c.Why == "" {
		return ""
	}
	return " (" + c.Why + ")"
}

// count returns a number with its noun.
func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// writeTally writes the line of one level.
func writeTally(t *terminal.Writer, p painter, level Level, n Tally) {
	var rest []string
	for _, part := range []struct {
		n    int
		what string
	}{{n.Warned, "warned"}, {n.Inconclusive, "inconclusive"}, {n.NotApplicable, "not applicable"}, {n.Skipped, "skipped"}} {
		if part.n > 0 {
			rest = append(rest, fmt.Sprintf("%d %s", part.n, part.what))
		}
	}
	if n.Graded() == 0 && len(rest) == 0 {
		return
	}
	verdict := Pass
	if n.Failed > 0 {
		verdict = Fail
	}
	t.Printf("%-6s %s", level, p.of(verdict, fmt.Sprintf("%d of %d passed", n.Passed, n.Graded())))
	if len(rest) > 0 {
		t.Printf(", %s", strings.Join(rest, ", "))
	}
	t.Printf("\n")
}

// writeWrong writes a check that failed or warned, and its attempts.
func writeWrong(t *terminal.Writer, p painter, c *Result) {
	t.Printf("\n%s %s: %s  [%s]\n", p.of(c.Result, strings.ToUpper(string(c.Result))), c.Level, c.Title, c.ID)
	for line := range strings.SplitSeq(c.Why, "\n") {
		t.Printf("  %s\n", line)
	}
	for i := range c.Attempts {
		a := &c.Attempts[i]
		when := a.At.UTC().Format("15:04:05.000")
		if a.N > 1 {
			when = fmt.Sprintf("%12s", fmt.Sprintf("+%.3fs", a.AfterMS/1000))
		}
		t.Printf("    %s  attempt %d  %-5s  %s\n", when, a.N, a.Response, a.Capture)
	}
	if c.Fix != "" {
		t.Printf("  fix: %s\n", c.Fix)
	}
}

// writeInconclusive writes the checks that have no grade, by reason.
func writeInconclusive(t *terminal.Writer, r *Report) {
	var reasons []string
	ids := map[string][]string{}
	for i := range r.Checks {
		if c := &r.Checks[i]; c.Result == Inconclusive {
			if !slices.Contains(reasons, c.Why) {
				reasons = append(reasons, c.Why)
			}
			ids[c.Why] = append(ids[c.Why], c.ID)
		}
	}
	for i, why := range reasons {
		if i == 0 {
			t.Printf("\n")
		}
		t.Printf("inconclusive: %s: %s\n", strings.Join(ids[why], ", "), why)
	}
}

// painter colours words on a terminal.
type painter struct{ color bool }

func (p painter) bold(word string) terminal.Paint { return p.paint("1", word) }

func (p painter) of(v Verdict, word string) terminal.Paint {
	return p.paint(map[Verdict]string{Pass: "32", Fail: "31", Warn: "33", Inconclusive: "33"}[v], word)
}

func (p painter) paint(code, word string) terminal.Paint {
	if !p.color {
		code = ""
	}
	return terminal.Paint{Code: code, Word: word}
}
