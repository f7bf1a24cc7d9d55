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

// annotation returns the command for a step. It is escaped as GitHub's toolkit does.
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
	var properties []string
	for _, p := range [][2]string{{"file", file}, {"line", line}, {"title", fmt.Sprintf("%s: step %s of %s", s.Status, s.ID, r.Scenario)}} {
		if p[1] != "" {
			properties = append(properties, p[0]+"="+escapedProperty(p[1]))
		}
	}
	return "::" + name + " " + strings.Join(properties, ",") + "::" + escapedData(message(r, s, "\n"))
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

// escapedData escapes the message of a workflow command.
func escapedData(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(text)
}

// escapedProperty escapes the value of a property of a workflow command.
func escapedProperty(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(text)
}

// mostSummary is about the largest number of bytes of a summary. GitHub refuses summaries of more
// than 1 MiB.
const mostSummary = 256 << 10

// WriteSummary writes a Markdown summary for the page of a GitHub Actions run: a table of the
// scenarios and the details of the steps that did not pass. It says how many it leaves out.
func WriteSummary(w io.Writer, reports []Report) error {
	var text strings.Builder
	text.WriteString("### hookrig: " + cell(total(reports)) + "\n\n| status | scenario | seed | result | time |\n|---|---|--:|---|--:|\n")
	left := 0
	for i := range reports {
		r := &reports[i]
		if text.Len() > mostSummary/2 {
			left++
			continue
		}
		fmt.Fprintf(&text, "| %s %s | %s | %d | %s | %s |\n", sign(r.Status), r.Status, cell(r.Scenario), r.Seed, cell(r.summary()), span(r.TookMS))
	}
	if left > 0 {
		fmt.Fprintf(&text, "\n%s more.\n", plural(left, "scenario"))
	}
	left = 0
	for i := range reports {
		r := &reports[i]
		for _, s := range r.Failed() {
			detail := message(r, &s, "\n\n")
			if text.Len()+len(detail) > mostSummary {
				left++
				continue
			}
			fmt.Fprintf(&text, "\n#### %s %s: step %s of %s\n\n<pre>%s</pre>\n", sign(s.Status), s.Status, cell(s.ID), cell(r.Scenario), html.EscapeString(detail))
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

// cell returns a text as plain text in a cell of a Markdown table, on one line.
func cell(text string) string {
	var escaped strings.Builder
	for _, r := range strings.Join(strings.Fields(text), " ") {
		if r < 0x80 && strings.ContainsRune("\\`*_[]|~#$@:!()<>&\"'{}^=+", r) {
			fmt.Fprintf(&escaped, "&#%d;", r)
			continue
		}
		escaped.WriteRune(r)
	}
	return escaped.String()
}
