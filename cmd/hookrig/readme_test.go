package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/internal/handlers"
)

var (
	exampleBlock = regexp.MustCompile("(?s)<!-- example: (\\S+) (\\S+) -->\n(```go\n.*?```\n)?")
	handlerBlock = regexp.MustCompile("(?s)<!-- handler: (\\S+) (\\S+) -->\n(```[a-z]+\n.*?```\n)?")
)

// README shows code that the tests compile and run: what stands between its markers is a part of a
// test file, or a handler. UPDATE=1 go test ./cmd/hookrig writes it anew.
func TestReadmeShowsWhatRuns(t *testing.T) {
	raw, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	readme := string(raw)
	found := 0
	want := exampleBlock.ReplaceAllStringFunc(readme, func(block string) string {
		found++
		m := exampleBlock.FindStringSubmatch(block)
		return "<!-- example: " + m[1] + " " + m[2] + " -->\n```go\n" + example(t, m[1], m[2]) + "```\n"
	})
	if found == 0 {
		t.Fatal("README.md has no example")
	}
	for _, m := range handlerBlock.FindAllStringSubmatch(readme, -1) {
		if m[2] == "go" {
			found++
		}
	}
	if blocks := strings.Count(want, "```go\n"); blocks != found {
		t.Errorf("README.md has %d blocks of Go, of which %d have a marker: an example that no test compiles", blocks, found)
	}
	if !handlerBlock.MatchString(want) {
		t.Fatal("README.md has no handler")
	}
	want = handlerBlock.ReplaceAllStringFunc(want, func(block string) string {
		m := handlerBlock.FindStringSubmatch(block)
		p, err := fixtures.Builtin().Provider(m[1])
		if err != nil {
			t.Fatal(err)
		}
		code, err := handlers.Code(p, m[2])
		if err != nil {
			t.Fatal(err)
		}
		return "<!-- handler: " + m[1] + " " + m[2] + " -->\n```" + m[2] + "\n" + code + "```\n"
	})
	if want == readme {
		return
	}
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile("../../README.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Error("README.md shows other code than the tests run: UPDATE=1 go test ./cmd/hookrig")
}

// example is the part of a test file between its markers, moved to the left margin.
func example(t *testing.T, file, name string) string {
	t.Helper()
	raw, err := os.ReadFile("../../" + file)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(raw), "// example:"+name+"\n")
	part, _, end := strings.Cut(rest, "\t// example:end\n")
	if !ok || !end {
		t.Fatalf("%s has no example %s", file, name)
	}
	var b strings.Builder
	for line := range strings.Lines(part) {
		b.WriteString(strings.ReplaceAll(strings.TrimPrefix(line, "\t"), "\t", "    "))
	}
	return b.String()
}

// Every command stands in README's table, and no other does.
func TestReadmeListsEveryCommand(t *testing.T) {
	raw, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `hookrig ([a-z-]+)").FindAllStringSubmatch(string(raw), -1) {
		listed[m[1]] = true
	}
	for _, cmd := range newRoot(World{Environ: os.Environ}).Commands() {
		switch name := cmd.Name(); {
		case name == "version" || name == "healthcheck" || name == "completion" || name == "help": // need no line
		case !listed[name]:
			t.Errorf("README.md does not list hookrig %s", name)
		default:
			delete(listed, name)
		}
	}
	for name := range listed {
		t.Errorf("README.md lists hookrig %s, which there is not", name)
	}
}
