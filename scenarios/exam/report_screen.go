package exam

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hookrig/hookrig/internal/clip"
	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/scenarios"
)

// Bounds of a report on one screen.
const (
	screenLines  = 45
	screenWidth  = 100 // of lists, in characters
	ungradedMost = 4   // reasons why checks have no grade
	ungradedIDs  = 5   // of one reason
)

// wrongGroup are the checks that are wrong for one reason: one example of code mends them.
type wrongGroup struct {
	word   string // FAIL, WARN or KNOWN
	checks []*Result
	hint   Hint
}

// writeGroups writes the checks that are wrong by what mends them. What matters less is shorter
// when a screen has no room for everything.
func writeGroups(t *terminal.Writer, p painter, r *Report, hints map[string]Hint, language string) {
	groups := wrongGroups(r, hints)
	var ungraded terminal.Builder
	writeUngraded(&ungraded, r, ungradedMost)
	texts := make([]string, len(groups))
	lines := 4 + len(Levels()) + len(r.Notes) + strings.Count(ungraded.String(), "\n")
	for i := range groups {
		texts[i] = groups[i].text()
		lines += strings.Count(texts[i], "\n")
	}
	for i := len(groups) - 1; i >= 0 && lines > screenLines && language == ""; i-- {
		short := groups[i].line()
		lines -= strings.Count(texts[i], "\n") - strings.Count(short, "\n")
		texts[i] = short
	}
	shown := map[string]bool{"": true} // the same example once
	for i := range groups {
		g := &groups[i]
		word, rest, _ := strings.Cut(strings.TrimPrefix(texts[i], "\n"), " ")
		if texts[i][0] == '\n' || i > 0 && texts[i-1][0] == '\n' || i == 0 {
			t.Printf("\n")
		}
		t.Printf("%s %s", p.of(g.verdict(), word), terminal.Lines(rest))
		if !shown[g.hint.Text] {
			writeCode(t, g.hint, language)
			shown[g.hint.Text] = true
		}
	}
	t.Printf("%s", terminal.Lines(ungraded.String()))
	if len(groups) == 0 {
		return
	}
	if again := groups[0].checks[0].Command; again != "" {
		t.Printf("\nagain: %s\n", again)
	}
	more := "--all shows each check with its request as curl"
	if language == "" && slices.ContainsFunc(groups, func(g wrongGroup) bool { return g.hint.Text != "" }) {
		more += "; --language " + strings.Join(Languages(), "|") + " shows code"
	}
	t.Printf("%s\n", more)
}

// wrongGroups returns what is wrong, and that first which fails the most checks of level must; what
// is known to fail comes last.
func wrongGroups(r *Report, hints map[string]Hint) []wrongGroup {
	var groups []wrongGroup
	at, words := map[string]int{}, []string{"FAIL", "WARN", "KNOWN"}
	for _, word := range words {
		for i := range r.Checks {
			c := &r.Checks[i]
			if c.word() != word {
				continue
			}
			key := word + " hint " + c.Hint
			switch {
			case c.Known != "":
				key = word + " known " + c.Known
			case c.Hint == "":
				key = word + " check " + c.ID
			}
			if _, known := at[key]; !known {
				at[key] = len(groups)
				groups = append(groups, wrongGroup{word: word, hint: hints[c.Hint]})
			}
			g := &groups[at[key]]
			g.checks = append(g.checks, c)
		}
	}
	slices.SortStableFunc(groups, func(a, b wrongGroup) int {
		return cmp.Or(slices.Index(words, a.word)-slices.Index(words, b.word), b.musts()-a.musts())
	})
	return groups
}

// musts returns how many checks of level must there are.
func (g *wrongGroup) musts() (n int) {
	for _, c := range g.checks {
		if c.Level == scenarios.Must {
			n++
		}
	}
	return n
}

// word is how the report begins a check that is wrong; "" is none.
func (c *Result) word() string {
	switch {
	case c.Result == Fail && c.Known != "":
		return "KNOWN"
	case c.Result == Fail, c.Result == Warn:
		return strings.ToUpper(string(c.Result))
	}
	return ""
}

func (g *wrongGroup) verdict() Verdict {
	if g.word == "FAIL" {
		return Fail
	}
	return Warn
}

// text returns what is wrong, what came, and how to fix it, after an empty line.
func (g *wrongGroup) text() string {
	first := g.checks[0]
	text, fix := "\n"+g.head()+"\n", first.Fix
	lines := strings.Split(first.Why, "\n")
	most, dots := mostLines, ""
	if len(g.checks) > 1 {
		text += list("  ", g.ids(), 2)
		lines[0] = first.ID + ": " + lines[0]
		most = 1
		if fix != "" && g.hint.Text != "" {
			fix = g.hint.Text + "."
		}
	}
	if len(lines) > most {
		lines, dots = lines[:most], " …"
	}
	for i, line := range lines {
		text += "  " + terminal.Line(clip.Text(line, longestLine))
		if i == len(lines)-1 {
			text += dots
		}
		text += "\n"
	}
	switch {
	case first.Known != "" && len(g.checks) == 1:
		text += "  it is known to fail: " + terminal.Line(first.Known) + "\n"
	case fix != "" && first.Known == "":
		text += "  fix: " + fix + "\n"
	}
	return text
}

// line returns what is wrong on one line.
func (g *wrongGroup) line() string {
	if len(g.checks) == 1 {
		return g.head() + "\n"
	}
	words := g.ids()
	words[0] = g.head() + ": " + words[0]
	return list("", words, 1)
}

// head returns how many checks are wrong, and what they have in common.
func (g *wrongGroup) head() string {
	first := g.checks[0]
	if len(g.checks) == 1 {
		return fmt.Sprintf("%s %s: %s  [%s]", g.word, first.Level, first.Title, first.ID)
	}
	what := g.hint.Wrong
	if first.Known != "" {
		what = terminal.Line(first.Known)
	}
	return fmt.Sprintf("%s %d checks (%s): %s", g.word, len(g.checks), g.levels(), what)
}

// levels counts the checks of each level: "3 must, 1 should".
func (g *wrongGroup) levels() string {
	var parts []string
	for _, level := range Levels() {
		n := 0
		for _, c := range g.checks {
			if c.Level == level {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, level))
		}
	}
	return strings.Join(parts, ", ")
}

func (g *wrongGroup) ids() []string {
	ids := make([]string, len(g.checks))
	for i, c := range g.checks {
		ids[i] = c.ID
	}
	return ids
}

// list returns words with commas, on at most so many lines of screenWidth, and how many are left
// out.
func list(indent string, words []string, most int) string {
	const room = len(", … and 99 more")
	lines := []string{indent}
	for i, word := range words {
		last := &lines[len(lines)-1]
		width := screenWidth
		if len(lines) == most && i < len(words)-1 {
			width -= room
		}
		switch n := utf8.RuneCountInString(*last) + len(word) + 2; {
		case *last == indent:
			*last += word
		case n <= width:
			*last += ", " + word
		case len(lines) == most:
			*last += fmt.Sprintf(", … and %d more", len(words)-i)
			return strings.Join(lines, "\n") + "\n"
		default:
			*last += ","
			lines = append(lines, indent+word)
		}
	}
	return strings.Join(lines, "\n") + "\n"
}
