package main

import (
	"bytes"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/internal/terminal"
)

// help runs hookrig help on a terminal or elsewhere, and returns what it prints.
func help(t *testing.T, onTerminal bool, environ []string, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	code := Main(t.Context(), append([]string{"help"}, args...), World{
		Stdout: terminal.NewWriter(&out), Stderr: terminal.NewWriter(&errs),
		Environ: func() []string { return environ }, Terminal: onTerminal,
	})
	if code != exitPassed {
		t.Fatalf("help %q: exit code %d: %s", args, code, errs.String())
	}
	return out.String()
}

// longWord is a signature or the like, which is not broken.
var longWord = regexp.MustCompile(`\S{60}`)

// Every page prints, with bold text on a terminal only, and no line is wider than 80 columns.
func TestHelpTopic(t *testing.T) {
	t.Parallel()
	for _, page := range topics() {
		plain := help(t, false, nil, page.name)
		if !strings.HasPrefix(plain, page.title+": "+page.summary+"\n") {
			t.Errorf("%s begins with %q", page.name, strings.SplitN(plain, "\n", 2)[0])
		}
		for line := range strings.Lines(plain) {
			if n := len([]rune(strings.TrimRight(line, "\n"))); n > unknownWidth && !longWord.MatchString(line) {
				t.Errorf("%s: %d columns: %s", page.name, n, line)
			}
		}
		if strings.Contains(plain, "\x1b") {
			t.Errorf("%s: bold text where there is no terminal", page.name)
		}
		if bold := help(t, true, nil, page.name); !strings.Contains(bold, "\x1b[1m") {
			t.Errorf("%s: no bold text on a terminal", page.name)
		}
		if quiet := help(t, true, []string{"NO_COLOR=1"}, page.name); quiet != plain {
			t.Errorf("%s: NO_COLOR changes more than bold text", page.name)
		}
	}
}

// The program lists every page, and no page has the name of a command, whose help it would hide;
// but for faults, whose page has all that the command prints (its own help is faults --help).
func TestHelpListsTopics(t *testing.T) {
	t.Parallel()
	listed := help(t, false, nil)
	var commands []string
	for _, cmd := range newRoot(World{Environ: os.Environ}).Commands() {
		commands = append(commands, cmd.Name())
	}
	for _, page := range topics() {
		if !strings.Contains(listed, "  "+page.name+" ") || page.summary == "" || !strings.Contains(listed, page.summary) {
			t.Errorf("hookrig help does not list %s: %s", page.name, page.summary)
		}
		if slices.Contains(commands, page.name) && page.name != "faults" {
			t.Errorf("%s is a page and a command", page.name)
		}
	}
}

// The help of a command names the pages about it, and all of them exist.
func TestHelpNamesTopics(t *testing.T) {
	t.Parallel()
	var names []string
	for _, page := range topics() {
		names = append(names, page.name)
	}
	for command, pages := range topicsOf() {
		text := help(t, false, nil, command)
		for _, page := range pages {
			if !slices.Contains(names, page) || !strings.Contains(text, "hookrig help "+page) {
				t.Errorf("hookrig help %s names no page %s:\n%s", command, page, text)
			}
		}
	}
}

// The dashboard has every page, whole.
func TestManualPages(t *testing.T) {
	t.Parallel()
	pages, err := manualPages()
	if err != nil {
		t.Fatal(err)
	}
	if len(pages) != len(topics()) {
		t.Errorf("%d pages, want %d", len(pages), len(topics()))
	}
	for _, page := range pages {
		if page.Title == "" || page.Summary == "" || len(page.HTML) < 500 || len(page.Sections) == 0 {
			t.Errorf("%s: %q, %q, %d bytes, %d sections", page.Name, page.Title, page.Summary, len(page.HTML), len(page.Sections))
		}
	}
}
