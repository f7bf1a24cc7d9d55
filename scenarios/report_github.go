package scenarios

import (
	"cmp"
	"fmt"
	"html"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/internal/workflow"
)

// WriteAnnotations writes a workflow command of GitHub Actions for each step that did not pass:
// error for a failed step and for an error, warning for an inconclusive step. A file that exists is
// named relative to workspace, the root of the repository; "" is the current folder.
func WriteAnnotations(w io.Writer, reports []Report, workspace string) error {
	out := terminal.NewWriter(w)
	for i := range reports {
		r := &reports[i]
		for _, s := range r.Failed() {
			out.Printf("%s\n", annotation(r, &s, workspace))
		}
	}
	return out.Err()
}

// annotation returns the command for a step.
func annotation(r *Report, s *StepReport, workspace string) string {
	name := "error"
	if s.Status == Inconclusive {
		name = "warning"
	}
	line := ""
	file := inWorkspace(cmp.Or(s.File, r.File), workspace)
	if s.Line > 0 && file != "" {
		line = strconv.Itoa(s.Line)
	}
	title := fmt.Sprintf("%s: step %s of %s", s.Status, s.ID, r.Scenario)
	return workflow.Command(name, message(r, s, "\n"), workflow.Property{Name: "file", Value: file}, workflow.Property{Name: "line", Value: line}, workflow.Property{Name: "title", Value: title})
}

// message returns the detail of a step and the command that repeats the run.
func message(r *Report, s *StepReport, gap string) string {
	text := strings.TrimRight(s.Detail, "\n")
	if r.Repeat != "" {
		text += gap + "repeat: " + r.Repeat
	}
	return text
}

// inWorkspace returns the path of a file relative to a folder. It returns "" for a file that does
// not exist, such as a scenario that comes with hookrig.
func inWorkspace(file, workspace string) string {
	if file == "" {
		return ""
	}
	if _, err := os.Stat(file); err != nil {
		return ""
	}
	if workspace == "" {
		return filepath.ToSlash(file)
	}
	absolute, err := filepath.Abs(file)
	if err != nil {
		return filepath.ToSlash(file)
	}
	relative, err := filepath.Rel(workspace, absolute)
	if err != nil || !filepath.IsLocal(relative) {
		return filepath.ToSlash(file)
	}
	return filepath.ToSlash(relative)
}

// WriteSummary writes a Markdown summary for the page of a GitHub Actions run: a table of the
// scenarios and the details of the steps that did not pass. It says how many it leaves out.
func WriteSummary(w io.Writer, reports []Report) error {
	var text strings.Builder
	text.WriteString("### hookrig: " + workflow.Cell(total(reports)) + "\n\n| status | scenario | seed | result | time |\n|---|---|--:|---|--:|\n")
	left := 0
	for i := range reports {
		r := &reports[i]
		if text.Len() > workflow.MostSummary/2 {
			left++
			continue
		}
		fmt.Fprintf(&text, "| %s %s | %s | %d | %s | %s |\n", sign(r.Status), r.Status, workflow.Cell(r.Scenario), r.Seed, workflow.Cell(r.summary()), span(r.TookMS))
	}
	if left > 0 {
		fmt.Fprintf(&text, "\n%s more.\n", plural(left, "scenario"))
	}
	left = 0
	for i := range reports {
		r := &reports[i]
		for _, s := range r.Failed() {
			detail := message(r, &s, "\n\n")
			if text.Len()+len(detail) > workflow.MostSummary {
				left++
				continue
			}
			fmt.Fprintf(&text, "\n#### %s %s: step %s of %s\n\n<pre>%s</pre>\n", sign(s.Status), s.Status, workflow.Cell(s.ID), workflow.Cell(r.Scenario), html.EscapeString(detail))
		}
	}
	if left > 0 {
		fmt.Fprintf(&text, "\n%s more did not pass.\n", plural(left, "step"))
	}
	_, err := io.WriteString(terminal.NewWriter(w), text.String()+"\n")
	return err
}

// sign returns a sign that stands for a status.
func sign(s Status) string {
	switch s {
	case Passed:
		return "✅"
	case Failed, Errored:
		return "❌"
	case Inconclusive:
		return "⚠️"
	}
	return "⏭️"
}
