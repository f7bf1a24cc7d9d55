package exam

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/hookrig/hookrig/internal/clip"
	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/scenarios"
)

// TextOptions configure WriteText.
type TextOptions struct {
	// Color adds colours for a terminal.
	Color bool
	// All lists every check, not only those that did not pass.
	All bool
	// Language of code examples: go, node, python or php; "" shows none.
	Language string
}

// WriteText writes a report for people: the score, and what is wrong and how to fix it.
func WriteText(w io.Writer, r Report, o TextOptions) error {
	if err := checkLanguage(o.Language); err != nil {
		return err
	}
	hints, err := Hints()
	if err != nil {
		return err
	}
	t := terminal.NewWriter(w)
	p := painter{o.Color}
	t.Printf("%s %s, %s\n", p.bold("exam of"), r.URL, r.Subject())
	for _, note := range r.Notes {
		t.Printf("note: %s\n", note)
	}
	if r.Problem != "" {
		t.Printf("%s %s\n", p.of(Fail, "nothing could be graded:"), r.Problem)
		if must := r.Score.Must; r.Score.Graded() == 0 {
			t.Printf("%-6s %s\n", scenarios.Must, p.of(Fail, fmt.Sprintf("0 of %d passed", must.Inconclusive)))
			return t.Err()
		}
	}
	if r.EffectProblem != "" {
		t.Printf("%s %s\n", p.of(Fail, "the effect is of no use:"), r.EffectProblem)
	}
	for _, level := range Levels() {
		writeTally(t, p, level, *r.Score.Level(level))
	}
	for _, verdict := range []Verdict{Fail, Warn} {
		for i := range r.Checks {
			if c := &r.Checks[i]; c.Result == verdict {
				writeWrong(t, p, c)
				writeCode(t, hints[c.Hint], o.Language)
				delete(hints, c.Hint) // the same example once
			}
		}
	}
	writeInconclusive(t, &r)
	for i := range r.Checks {
		if c := &r.Checks[i]; o.All && c.Result != Fail && c.Result != Warn {
			t.Printf("%s  %s  %s  %s\n", p.of(c.Result, fmt.Sprintf("%-14s", c.Result)), c.Level, c.ID, c.Title)
		} else if c.Result == Skipped {
			t.Printf("skipped: %s: %s\n", c.ID, c.Why)
		}
	}
	return t.Err()
}

// writeTally writes the line of one level.
func writeTally(t *terminal.Writer, p painter, level scenarios.Level, n Tally) {
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
	switch {
	case n.Failed > 0:
		verdict = Fail
	case n.Warned > 0:
		verdict = Warn
	}
	t.Printf("%-6s ", level)
	if n.Graded() > 0 {
		t.Printf("%s", p.of(verdict, fmt.Sprintf("%d of %d passed", n.Passed, n.Graded())))
		rest = append([]string{""}, rest...)
	}
	t.Printf("%s\n", strings.Join(rest, ", "))
}

// Bounds of the reason of one check.
const (
	mostLines   = 3
	longestLine = 200 // in characters
)

// writeWrong writes a check that failed or warned.
func writeWrong(t *terminal.Writer, p painter, c *Result) {
	word := p.of(c.Result, strings.ToUpper(string(c.Result)))
	if c.Known != "" {
		word = p.of(Warn, "KNOWN")
	}
	t.Printf("\n%s %s: %s  [%s]\n", word, c.Level, c.Title, c.ID)
	lines := strings.Split(c.Why, "\n")
	for _, line := range lines[:min(len(lines), mostLines)] {
		t.Printf("  %s\n", clip.Text(line, longestLine))
	}
	if more := len(lines) - mostLines; more > 0 {
		t.Printf("  … and %d more; --html and --json have all\n", more)
	}
	if c.Known != "" {
		t.Printf("  it is known to fail: %s\n", c.Known)
	}
	for i := range c.Attempts {
		t.Printf("    %s\n", &c.Attempts[i])
	}
	if c.Fix != "" {
		t.Printf("  fix: %s\n", c.Fix)
	}
	if c.Command != "" {
		t.Printf("  again: %s\n", c.Command)
	}
}

// String is a line about an attempt: when it came, or how long after the one before, and what it
// got.
func (a *Attempt) String() string {
	when := a.At.UTC().Format("15:04:05.000")
	if a.N > 1 {
		when = fmt.Sprintf("+%.3fs", a.AfterMS/1000)
	}
	return fmt.Sprintf("%12s  attempt %d  %-5s  %s", when, a.N, a.Response, a.Capture)
}

// writeCode writes a code example in a language.
func writeCode(t *terminal.Writer, hint Hint, language string) {
	if hint.Text == "" || language == "" {
		return
	}
	t.Printf("  %s, in %s:\n", hint.Text, language)
	for line := range strings.SplitSeq(hint.Code(language), "\n") {
		t.Printf("      %s\n", line)
	}
}

// writeInconclusive writes the checks that have no grade, by reason.
func writeInconclusive(t *terminal.Writer, r *Report) {
	var reasons []string
	ids := map[string][]string{}
	for i := range r.Checks {
		if c := &r.Checks[i]; c.Result == Inconclusive {
			why, _, _ := strings.Cut(c.Why, "\n")
			if !slices.Contains(reasons, why) {
				reasons = append(reasons, why)
			}
			ids[why] = append(ids[why], c.ID)
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
