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
	// All lists every check, and each that is wrong with its request as curl and the command that
	// repeats it. Without it, the report of a consumer fits on one screen.
	All bool
	// Language of code examples: go, node, python or php; "" shows none. Examples may need more
	// than one screen.
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
	if o.All || r.Sender != nil {
		writeEach(t, p, &r, hints, o.Language)
	} else {
		writeGroups(t, p, &r, hints, o.Language)
	}
	for i := range r.Checks {
		if c := &r.Checks[i]; o.All && c.Result != Fail && c.Result != Warn {
			t.Printf("%s  %s  %s  %s\n", p.of(c.Result, fmt.Sprintf("%-14s", c.Result)), c.Level, c.ID, c.Title)
		}
	}
	return t.Err()
}

// writeEach writes each check that failed or warned with all that is known of it, and why others
// have no grade.
func writeEach(t *terminal.Writer, p painter, r *Report, hints map[string]Hint, language string) {
	for _, verdict := range []Verdict{Fail, Warn} {
		for i := range r.Checks {
			if c := &r.Checks[i]; c.Result == verdict {
				writeWrong(t, p, c)
				writeCode(t, hints[c.Hint], language)
				delete(hints, c.Hint) // the same example once
			}
		}
	}
	writeUngraded(t, r, len(r.Checks))
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
	case n.Warned+n.Inconclusive > 0:
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
	if text := c.curlText(); c.Curl != "" {
		t.Printf("  as curl:\n%s\n", terminal.Lines(text)) // not indented, as the body may have several lines
	} else if text != "" {
		t.Printf("  %s\n", text)
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

// writeUngraded writes the checks that could not be graded, by reason, and those that were left
// out: at most so many reasons.
func writeUngraded(t terminal.Printer, r *Report, most int) {
	reasons := append(ungradedOf(r, Inconclusive), ungradedOf(r, Skipped)...)
	if len(reasons) > 0 {
		t.Printf("\n")
	}
	for i, one := range reasons {
		if i == most {
			t.Printf("… for %s more: --all has them\n", count(len(reasons)-most, "reason"))
			return
		}
		list := one.ids
		if more := len(list) - ungradedIDs; more > 1 && most < len(r.Checks) {
			list = append(list[:ungradedIDs:ungradedIDs], fmt.Sprintf("… and %d more", more))
		}
		t.Printf("%s: %s: %s\n", one.result, strings.Join(list, ", "), clip.Text(one.why, longestLine))
	}
}

// ungraded are the checks that have a result for one reason.
type ungraded struct {
	result Verdict
	why    string
	ids    []string
}

// ungradedOf returns the checks with a result, by reason.
func ungradedOf(r *Report, result Verdict) (list []ungraded) {
	for i := range r.Checks {
		c := &r.Checks[i]
		if c.Result != result {
			continue
		}
		why, _, _ := strings.Cut(c.Why, "\n")
		at := slices.IndexFunc(list, func(u ungraded) bool { return u.why == why })
		if at < 0 {
			at, list = len(list), append(list, ungraded{result: result, why: why})
		}
		list[at].ids = append(list[at].ids, c.ID)
	}
	return list
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
