package scenarios

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hookrig/hookrig/internal/terminal"
)

// TextOptions steer WriteText. The zero value is plain text.
type TextOptions struct {
	// Color marks results with terminal colours.
	Color bool
	// Timings adds how long every scenario took.
	Timings bool
	// Width of a line, in columns; 0 is 120, which the logs of CI systems show. A word that is longer stays whole.
	Width int
}

// WriteText writes reports for people: a line a step, and below a step that did not pass what is wrong, then how to repeat it.
// Long lines go on below where their text began.
//
// Nothing that a report quotes steers the terminal or begins a line; see package terminal.
func WriteText(w io.Writer, reports []Report, o TextOptions) error {
	p := printer{Writer: terminal.NewWriter(w), color: o.Color, width: cmp.Or(o.Width, 120)}
	for i := range reports {
		if i > 0 {
			p.line("")
		}
		p.report(&reports[i], o)
	}
	if len(reports) < 2 {
		return p.Err()
	}
	return WriteTotal(p.Writer, reports)
}

// WriteTotal writes what WriteText ends several reports with: how many scenarios there were, by status. It is for those who write each report as it comes.
func WriteTotal(w io.Writer, reports []Report) error {
	out := terminal.NewWriter(w)
	out.Printf("\n%s\n", total(reports))
	return out.Err()
}

// WriteJSON writes reports as a JSON array, an empty one for none.
func WriteJSON(w io.Writer, reports []Report) error {
	if reports == nil {
		reports = []Report{}
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(reports)
}

type printer struct {
	*terminal.Writer
	color bool
	width int
}

func (p *printer) line(format string, args ...any) {
	p.Printf(format+"\n", args...)
}

// paint is a word in the colour of a status.
func (p *printer) paint(s Status, word string) terminal.Paint {
	if !p.color {
		return terminal.Paint{Word: word}
	}
	code := map[Status]string{Passed: "32", Failed: "31", Inconclusive: "33", Errored: "35", Skipped: "2"}[s]
	return terminal.Paint{Code: code, Word: word}
}

func (p *printer) report(r *Report, o TextOptions) {
	p.line("%s  seed %d", r.Scenario, r.Seed)
	if r.Description != "" {
		p.text("  ", strings.Join(strings.Fields(r.Description), " "))
	}
	if r.Target != "" {
		p.text("  ", "target: "+r.Target)
	}
	width := 0
	for _, s := range r.Steps {
		if len(s.ID) <= widestID {
			width = max(width, len(s.ID))
		}
	}
	for _, s := range r.Steps {
		word := fmt.Sprintf("%-12s", s.Status)
		p.Printf("  %s  ", p.paint(s.Status, word))
		first, rest, _ := strings.Cut(s.Detail, "\n")
		p.detail(fmt.Sprintf("%-*s  ", width, s.ID), 16+width+2, first)
		for line := range strings.SplitSeq(rest, "\n") {
			if line != "" {
				p.detail(strings.Repeat(" ", 16+width+2), 16+width+2, line)
			}
		}
	}
	for _, note := range r.Notes {
		p.text("  note: ", note)
	}
	took := ""
	if o.Timings {
		took = ", in " + time.Duration(r.TookMS*float64(time.Millisecond)).Round(time.Millisecond).String()
	}
	p.line("%s: %s%s", p.paint(r.Status, string(r.Status)), r.summary(), took)
	if r.Status != Passed {
		p.line("repeat: %s", r.Repeat)
	}
}

// longestLine is how much WriteText shows of one line of a detail, in characters. The other reports hold all of it.
const longestLine = 600

// widestID is the width of the column of step ids; a longer one moves its own line only.
const widestID = 32

// text writes a text after a prefix; its further lines stand below its beginning.
func (p *printer) text(prefix, text string) {
	p.folded(prefix, utf8.RuneCountInString(prefix), text)
}

// detail writes a line of a step's details after a prefix, in a column. Its further lines stand deeper, as others may follow.
func (p *printer) detail(prefix string, column int, line string) {
	if runes := []rune(line); len(runes) > longestLine {
		line = string(runes[:longestLine]) + "… (" + plural(len(runes)-longestLine, "character") + " more: --json and --junit hold all of it)"
	}
	begun := strings.TrimLeft(line, " ")
	inner := len(line) - len(begun)
	p.folded(prefix+line[:inner], column+inner+2, begun)
}

func (p *printer) folded(prefix string, column int, text string) {
	for _, part := range fold(text, max(p.width-column, 20)) {
		p.line("%s%s", prefix, part)
		prefix = strings.Repeat(" ", column)
	}
}

// fold breaks a line into parts of at most so many columns. It breaks at single spaces, which are left out, so that the parts joined
// by one are the line again: after a semicolon, where a detail ends, if one is near the end. A word that is wider stays whole.
func fold(line string, columns int) []string {
	var parts []string
	for utf8.RuneCountInString(line) > columns {
		space, clause, seen := 0, 0, 0
		for i, r := range line {
			if r == ' ' && i > 0 && i+1 < len(line) && line[i-1] != ' ' && line[i+1] != ' ' {
				if seen > columns && space > 0 {
					break
				}
				space = i
				if line[i-1] == ';' {
					clause = i
				}
			}
			seen++
		}
		if space == 0 {
			break
		}
		if clause > space*2/3 {
			space = clause
		}
		parts, line = append(parts, line[:space]), line[space+1:]
	}
	return append(parts, line)
}

// summary counts the steps and what the run did.
func (r *Report) summary() string {
	counts := map[Status]int{}
	for _, s := range r.Steps {
		counts[s.Status]++
	}
	parts := []string{plural(len(r.Steps), "step")}
	for _, s := range []Status{Failed, Inconclusive, Errored, Skipped} {
		if counts[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[s], s))
		}
	}
	c := r.Counts
	if c.Events > 0 {
		parts = append(parts, fmt.Sprintf("%s of %s", plural(c.Events, "event"), plural(c.EventTypes, "type")))
	}
	if c.Deliveries > 0 {
		parts = append(parts, plural(c.Deliveries, "delivery"), plural(c.Attempts, "attempt"))
	}
	if c.Captures > 0 {
		parts = append(parts, plural(c.Captures, "capture"))
	}
	return strings.Join(parts, ", ")
}

// total counts the scenarios by status.
func total(reports []Report) string {
	counts := map[Status]int{}
	for i := range reports {
		counts[reports[i].Status]++
	}
	parts := []string{}
	for _, s := range []Status{Passed, Failed, Inconclusive, Errored} {
		if counts[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[s], s))
		}
	}
	return plural(len(reports), "scenario") + ": " + strings.Join(parts, ", ")
}

// Worst is the worst status of all reports: what a whole run came to. Without reports it is Passed.
func Worst(reports []Report) Status {
	worst := Passed
	for i := range reports {
		if reports[i].Status.severity() > worst.severity() {
			worst = reports[i].Status
		}
	}
	return worst
}
