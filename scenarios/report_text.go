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

// TextOptions configure WriteText. The zero value is plain text.
type TextOptions struct {
	// Color shows statuses in terminal colours.
	Color bool
	// Timings adds the duration of every scenario.
	Timings bool
	// Width of a line, in columns; 0 is 120, which fits the logs of CI systems. Longer words are
	// not split.
	Width int
}

// WriteText writes reports for people: one line per step, the failures below it, and the command
// that repeats the run. Long lines are wrapped and indented.
//
// Control sequences in quoted data are escaped, so they cannot change the terminal or forge a line;
// see package terminal.
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

// WriteTotal writes the last line of WriteText: the number of scenarios by status. Use it if you
// write each report separately.
func WriteTotal(w io.Writer, reports []Report) error {
	out := terminal.NewWriter(w)
	out.Printf("\n%s\n", total(reports))
	return out.Err()
}

// WriteJSON writes reports as a JSON array. Without reports the array is empty.
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

// paint returns a word in the colour of a status.
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
	shown := 0
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
		if s.Status != Passed && s.Status != Skipped && shown < mostShown {
			if p.exchange(&s) {
				shown++
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

// longestLine is the number of characters of a detail line that WriteText shows. The other formats
// contain the whole line.
const longestLine = 600

// widestID is the largest width of the column of step ids. A longer id shifts only its own line.
const widestID = 32

// text writes a text after a prefix and indents further lines to the start of the text.
func (p *printer) text(prefix, text string) {
	p.folded(prefix, utf8.RuneCountInString(prefix), text)
}

// detail writes a line of a step's details at a column. It indents wrapped lines further than the
// next detail.
func (p *printer) detail(prefix string, column int, line string) {
	if runes := []rune(line); len(runes) > longestLine {
		line = string(runes[:longestLine]) + "… (" + plural(len(runes)-longestLine, "character") + " more in the --json and --junit reports)"
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

// fold splits a line into parts of at most the given number of columns. It splits at single spaces
// and drops them, so joining the parts with a space restores the line. It prefers a space after a
// semicolon near the end, and does not split words.
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

// summary returns the numbers of steps, events, deliveries, attempts and captures.
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

// total returns the number of scenarios by status.
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

// Worst returns the worst status of all reports. Without reports it is Passed.
func Worst(reports []Report) Status {
	worst := Passed
	for i := range reports {
		if reports[i].Status.severity() > worst.severity() {
			worst = reports[i].Status
		}
	}
	return worst
}
