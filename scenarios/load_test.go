package scenarios

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/internal/strictyaml"
	"github.com/hookrig/hookrig/mockserver"
)

// TestMistakes compares the loader's errors for wrong files with golden files. The loader reports
// all mistakes of a file at once.
func TestMistakes(t *testing.T) {
	files, err := filepath.Glob("testdata/mistakes/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Parse(filepath.Base(file), data, fixtures.Builtin())
			var problems strictyaml.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("want problems, got %v", err)
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".golden", err.Error()+"\n")
		})
	}
}

// golden compares a text with a file; -update writes the file.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: want\n%s\ngot\n%s", file, want, got)
	}
}

// TestLibraryLoads checks that the library scenarios have no mistakes and that their names match
// their files.
func TestLibraryLoads(t *testing.T) {
	names, err := fs.Glob(Library(), "*.yaml")
	if err != nil || len(names) < 30 {
		t.Fatalf("%v: %v", names, err)
	}
	themes := map[string]int{
		"genuine": 0, "forged": 0, "replayed": 0, "duplicated": 0, "out-of-order": 0, "slow": 0, "down": 0, "encoding": 0, "schema": 0,
		"transport": 0, "rotation": 0, "big": 0, "journeys": 0,
	}
	for _, name := range names {
		s, err := LoadFS(Library(), name)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		if s.Name+".yaml" != name || s.Description == "" || s.File() != name {
			t.Errorf("%s: name %q, file %q, description %q", name, s.Name, s.File(), s.Description)
		}
		for _, tag := range s.Tags {
			themes[tag]++
		}
	}
	for theme, n := range themes {
		if n == 0 {
			t.Errorf("no scenario has the tag %s", theme)
		}
	}
	if problems := Lint(fixtures.Builtin(), "library"); len(problems) > 0 {
		t.Errorf("lint: %v", problems)
	}
}

// TestManual checks that the file in the package documentation loads.
func TestManual(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, manual, found := strings.Cut(string(text), "// # A file\n")
	manual, _, ends := strings.Cut(manual, "// # Verbs\n")
	if !found || !ends {
		t.Fatal("the documentation shows no file")
	}
	var file strings.Builder
	for line := range strings.Lines(manual) {
		if line, ok := strings.CutPrefix(line, "//\t"); ok {
			file.WriteString(line)
		}
	}
	if s, err := Parse("doc.go", []byte(file.String()), fixtures.Builtin()); err != nil || len(s.Steps) < 4 {
		t.Errorf("%v\n%s", err, file.String())
	}
}

func TestLoad(t *testing.T) {
	if _, err := Load(filepath.Join(t.TempDir(), "none.yaml")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("want not exist, got %v", err)
	}
	large := filepath.Join(t.TempDir(), "large.yaml")
	if err := os.WriteFile(large, make([]byte, maxFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	var problems strictyaml.Problems
	if _, err := Load(large); !errors.As(err, &problems) {
		t.Errorf("want a problem, got %v", err)
	}
	s, err := Load("library/duplicate.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if s.Name != "duplicate" || s.Steps[0].Subscribe.Provider != "neostore" || s.Steps[1].Verb() != "journey" || len(s.Steps[1].Expect) != 1 {
		t.Errorf("got %+v", s)
	}
}

func TestStepsInheritTheProvider(t *testing.T) {
	const text = `hookrig: 1
name: inherits
provider: %s
bins: {inbox: {}}
target: {bin: inbox}
steps:
  - {id: sub, subscribe: {events: ["Pass:*"]}}
  - {id: one, deliver: {event: "Pass:Created"}, expect: {captures: {count: 1}}}
  - {id: life, journey: {name: pass, events: ["Pass:Created"]}}
  - {id: two, deliver: {from: life, events: ["Pass:Created"]}}
  - {id: own, deliver: {provider: ethpass, event: "pass:scan"}}
`
	s, err := Parse("x.yaml", fmt.Appendf(nil, text, "neostore"), fixtures.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	if s.Steps[0].Subscribe.Provider != "neostore" || s.Steps[1].Deliver.Provider != "neostore" || s.Steps[2].Journey.Provider != "neostore" || s.Steps[3].Deliver.Provider != "" || s.Steps[4].Deliver.Provider != "ethpass" {
		t.Errorf("%+v", s.Steps)
	}
	report, err := Run(t.Context(), mockserver.StartT(t).Client(), s, Options{})
	if err != nil || report.Steps[1].Status != Passed {
		t.Errorf("%+v, %v", report, err)
	}
	want := `x.yaml:3:11: unknown provider "neostor"; did you mean "neostore"?`
	if _, err := Parse("x.yaml", fmt.Appendf(nil, text, "neostor"), fixtures.Builtin()); err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

// TestCheck checks that a scenario built in Go is checked like a file.
func TestCheck(t *testing.T) {
	s := &Scenario{
		Version: Version, Name: "made", Target: Target{Bin: "inbox"}, Bins: map[string]Bin{"inbox": {Provider: "neostore"}},
		Steps: []Step{
			{ID: "sub", Subscribe: &Subscribe{Provider: "neostore", Events: []string{"Pass:*"}}},
			{ID: "one", Deliver: &Deliver{Provider: "neostore", Event: "Pass:Created"}, Expect: Expectations{{Captures: &Captures{Count: Exactly(1)}}}},
		},
	}
	if err := s.Check(fixtures.Builtin()); err != nil {
		t.Errorf("want no mistake, got %v", err)
	}
	s.Steps[1].Deliver.Event = "Pass:Creatd"
	s.Steps[1].Expect[0].Captures.Bin = "outbox"
	s.Steps = append(s.Steps, Step{ID: "one"})
	want := `made: steps[1].deliver.event: provider neostore sends no event "Pass:Creatd"; did you mean "Pass:Created"?
made: steps[1].expect.captures.bin: unknown bin "outbox"; known: inbox
made: steps[2].id: step id "one" is used twice
made: steps[2]: the step does nothing; want one of subscribe, journey, deliver, advance, respond, replay, burst, call, restart, expect`
	if err := s.Check(fixtures.Builtin()); err == nil || err.Error() != want {
		t.Errorf("want\n%s\ngot\n%v", want, err)
	}
}

func TestLint(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("good.yaml", "hookrig: 1\nname: good\nsteps: [{id: a, advance: 1s}]\n")
	write("deep/bad.yml", "hookrig: 1\nname: bad\nsteps: [{id: a, advanse: 1s}]\n")
	write("deep/notes.txt", "not YAML")
	write(".hidden/bad.yaml", "no scenario")
	write("acme/provider.yaml", "name: acme\ntitel: Acme\n")
	files, err := Files(dir)
	if err != nil || !slices.Equal(files, []string{filepath.Join(dir, "deep/bad.yml"), filepath.Join(dir, "good.yaml")}) {
		t.Errorf("got %v, %v", files, err)
	}
	problems := Lint(fixtures.Builtin(), dir, filepath.Join(dir, "nothing"))
	seen := map[string]bool{}
	for _, p := range problems {
		rel, err := filepath.Rel(dir, p.File)
		if err != nil {
			t.Fatal(err)
		}
		seen[filepath.ToSlash(rel)] = true
	}
	for _, want := range []string{"deep/bad.yml", "acme/provider.yaml", "nothing"} {
		if !seen[want] {
			t.Errorf("nothing is said of %s:\n%v", want, problems)
		}
	}
	if len(seen) != 3 {
		t.Errorf("got problems of %v", seen)
	}
	if problems := Lint(fixtures.Builtin(), filepath.Join(dir, ".hidden")); len(problems) == 0 {
		t.Error("a folder that is named is looked into")
	}
	empty := t.TempDir()
	if problems := Lint(fixtures.Builtin(), empty); len(problems) != 1 {
		t.Errorf("want one problem of an empty folder, got %v", problems)
	}
}

// TestReferencesStandForNoStructure checks that a reference cannot be the scenario, a step or
// another part of its structure. Otherwise a template that CI did not expand would leave nothing to
// check.
func TestReferencesStandForNoStructure(t *testing.T) {
	t.Parallel()
	const whole = `hookrig: 1
name: a
bins:
  inbox: {provider: neostore}
steps:
  - id: sub
    subscribe: {provider: neostore, to: "${bins.inbox.url}"}
  - id: one
    deliver: {provider: neostore, event: "Pass:Created"}
    expect: {captures: {bin: inbox, count: 1}}
`
	if _, err := Parse("a.yaml", []byte(whole), nil); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"${x}", `"${env:HOME}"`, "!!str ${x}", "&a ${x}", `"a ${x} b"`, "| \n  ${x}\n", "'${x}'",
		"hookrig: 1\nname: a\nsteps: ${x}\n", "hookrig: 1\nname: a\nsteps: [\"${x}\"]\n",
		strings.Replace(whole, "{captures: {bin: inbox, count: 1}}", "${x}", 1), strings.Replace(whole, "{bin: inbox, count: 1}", "${x}", 1),
		strings.Replace(whole, `{provider: neostore, event: "Pass:Created"}`, "${x}", 1),
		strings.Replace(whole, "inbox: {provider: neostore}", "inbox: ${x}", 1), strings.Replace(whole, "\n  inbox: {provider: neostore}", " ${x}", 1),
	} {
		if _, err := Parse("a.yaml", []byte(text), nil); err == nil {
			t.Errorf("it is taken:\n%s", text)
		}
	}
}

// FuzzParse checks that no input crashes the loader and that every problem names its file.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"library/*.yaml", "testdata/mistakes/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Add([]byte("a: &a [*a]"))
	f.Add([]byte("hookrig: 1\nname: x\nsteps: [{id: a, expect: &e [*e]}]"))
	f.Add([]byte("? [a]\n: b"))
	// The decoder and the checker read different keys "steps" here.
	f.Add([]byte("hookrig: 1\nname: x\nsteps: [{id: a}]\nsteps: [{id: a, expect: {captures: {count: 1}}}]"))
	catalogue := fixtures.Builtin()
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Parse("fuzz.yaml", data, catalogue)
		if err == nil {
			if s.Name == "" || len(s.Steps) == 0 {
				t.Errorf("a scenario without name or steps was taken: %q", data)
			}
			return
		}
		var problems strictyaml.Problems
		if !errors.As(err, &problems) {
			t.Fatalf("want problems, got %v", err)
		}
		for _, p := range problems {
			if p.File != "fuzz.yaml" || p.Message == "" {
				t.Errorf("problem %+v of %q", p, data)
			}
		}
	})
}
