package hookrig_test

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/suites/hookrig"
)

var shown = regexp.MustCompile("(?s)<!-- code: (\\S+) (\\S+) -->\n```go\n(.*?)```\n")

// README shows the examples that are tested. UPDATE=1 writes them into it.
func TestReadmeShowsTheExamples(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := 0
	got := shown.ReplaceAllStringFunc(string(text), func(block string) string {
		blocks++
		at := shown.FindStringSubmatch(block)
		return fmt.Sprintf("<!-- code: %s %s -->\n```go\n%s```\n", at[1], at[2], example(t, at[1], at[2]))
	})
	// Run's signature is the only block that no test compiles.
	if all := strings.Count(string(text), "```go\n"); blocks < 5 || all != blocks+1 {
		t.Errorf("README has %d blocks of Go, %d of them from tests: mark the others <!-- code: FILE NAME -->", all, blocks)
	}
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile("README.md", []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if got != string(text) {
		t.Error("README shows other code than the examples: write it with UPDATE=1 go test -run Readme .")
	}
}

// example returns the lines between the markers "// NAME {" and "// }" of a file.
func example(t *testing.T, file, name string) string {
	t.Helper()
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(source), "// "+name+" {\n")
	code, _, ends := strings.Cut(after, "\t// }\n")
	if !found || !ends {
		t.Fatalf("%s has no block %s", file, name)
	}
	return strings.ReplaceAll(strings.TrimPrefix(code, "\t"), "\n\t", "\n")
}

// README describes every option and every method.
func TestReadmeIsComplete(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("options.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, option := range regexp.MustCompile(`(?m)^func (With\w+)\(`).FindAllStringSubmatch(string(source), -1) {
		names = append(names, option[1])
	}
	container := reflect.TypeFor[*hookrig.Container]()
	inherited := reflect.TypeFor[hookrig.Container]().Field(0).Type
	for i := range container.NumMethod() {
		name := container.Method(i).Name
		if _, of := inherited.MethodByName(name); !of && !strings.HasPrefix(name, "Must") {
			names = append(names, name)
		}
	}
	if len(names) < 15 {
		t.Errorf("found only %v", names)
	}
	for _, name := range names {
		if !strings.Contains(string(text), "`"+name+"(") {
			t.Errorf("README does not describe %s", name)
		}
	}
}
