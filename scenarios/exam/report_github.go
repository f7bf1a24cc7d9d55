package exam

import (
	"fmt"
	"html"
	"io"
	"strings"

	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/internal/workflow"
	"github.com/hookrig/hookrig/scenarios"
)

// WriteAnnotations writes workflow commands of GitHub Actions: an error for each failed check of
// the level and above, and when nothing could be graded; a warning for each other check that failed
// or warned, and for each reason of inconclusive ones. Known failures are left out.
func WriteAnnotations(w io.Writer, r Report, level scenarios.Level) error {
	out := terminal.NewWriter(w)
	add := func(command, title, message string) {
		out.Printf("%s\n", workflow.Command(command, message, workflow.Property{Name: "title", Value: title}))
	}
	if r.Problem != "" {
		add("error", "exam of "+r.URL, "nothing could be graded: "+r.Problem)
		if r.Score.Graded() == 0 {
			return out.Err()
		}
	}
	for i := range r.Checks {
		c := &r.Checks[i]
		command := "warning"
		if c.Failed() && levelRank(c.Level) <= levelRank(level) {
			command = "error"
		}
		if c.Failed() || c.Result == Warn && c.Known == "" {
			add(command, fmt.Sprintf("%s: %s (%s) of %s", c.Result, c.ID, c.Level, r.URL), c.Title+"\n"+c.brief())
		}
	}
	for _, one := range ungradedOf(&r, Inconclusive) {
		add("warning", "inconclusive checks of "+r.URL, strings.Join(one.ids, ", ")+": "+one.why)
	}
	return out.Err()
}

// brief is what was found, how to fix it and the command that repeats the check.
func (c *Result) brief() string {
	text := c.Why
	for _, part := range []struct{ name, text string }{{"fix", c.Fix}, {"repeat", c.Command}} {
		if part.text != "" {
			text += "\n" + part.name + ": " + part.text
		}
	}
	return text
}

// WriteSummary writes a Markdown summary for the page of a GitHub Actions run: the score, and the
// details of the checks that failed or warned. It says how many it leaves out.
func WriteSummary(w io.Writer, r Report) error {
	var text strings.Builder
	fmt.Fprintf(&text, "### hookrig: exam of %s, %s\n", workflow.Cell(r.URL), workflow.Cell(r.Subject()))
	for _, note := range r.Notes {
		fmt.Fprintf(&text, "\n%s\n", workflow.Cell("note: "+note))
	}
	if r.Problem != "" {
		fmt.Fprintf(&text, "\n❌ %s\n", workflow.Cell("nothing could be graded: "+r.Problem))
	}
	text.WriteString("\n| level | passed | failed | warned | inconclusive | not applicable | skipped |\n|---|--:|--:|--:|--:|--:|--:|\n")
	for _, level := range Levels() {
		n := r.Score.Level(level)
		fmt.Fprintf(&text, "| %s | %d | %d | %d | %d | %d | %d |\n", level, n.Passed, n.Failed, n.Warned, n.Inconclusive, n.NotApplicable, n.Skipped)
	}
	left := 0
	for _, verdict := range []Verdict{Fail, Warn} {
		for i := range r.Checks {
			c := &r.Checks[i]
			if c.Result != verdict {
				continue
			}
			details := c.Details()
			if text.Len()+len(details) > workflow.MostSummary {
				left++
				continue
			}
			sign, title := "❌", string(c.Result)
			if c.Result == Warn || c.Known != "" {
				sign = "⚠️"
			}
			if c.Known != "" {
				title, details = "known", "it is known to fail: "+c.Known+"\n"+details
			}
			fmt.Fprintf(&text, "\n#### %s %s: %s (%s, %s)\n\n<pre>%s</pre>\n", sign, title, workflow.Cell(c.Title), c.Level, c.ID, html.EscapeString(details))
		}
	}
	if left > 0 {
		fmt.Fprintf(&text, "\n%s more did not pass.\n", count(left, "check"))
	}
	for _, one := range ungradedOf(&r, Inconclusive) {
		fmt.Fprintf(&text, "\n⚠️ %s\n", workflow.Cell("inconclusive: "+strings.Join(one.ids, ", ")+": "+one.why))
	}
	_, err := io.WriteString(terminal.NewWriter(w), text.String()+"\n")
	return err
}
