package scenarios

import (
	"bytes"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/hookrig/hookrig/internal/strictyaml"
)

// checks returns the files of the exam's checks.
func checks(t *testing.T) []string {
	t.Helper()
	files, err := fs.Glob(Library(), "conformance/*.yaml")
	if err != nil || len(files) < 6 {
		t.Fatalf("%v: %v", files, err)
	}
	return files
}

// TestChecksPlay plays every check of the exam against its bin, as hookrig run does.
func TestChecksPlay(t *testing.T) {
	for _, file := range checks(t) {
		t.Run(path.Base(file), func(t *testing.T) {
			t.Parallel()
			s, err := LoadFS(Library(), file)
			if err != nil {
				t.Fatal(err)
			}
			report, err := play(t, s, Options{SkipImpossible: true})
			if err != nil || report.Status != Passed {
				t.Errorf("%v\n%s", err, text(t, report))
			}
		})
	}
}

// TestCheckFiles checks the form of the exam's checks: the schema of the format accepts them, their
// names are those of their files, and no other scenario of the library has the name.
func TestCheckFiles(t *testing.T) {
	schema := compileSchema(t)
	others, err := fs.Glob(Library(), "*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range checks(t) {
		s, err := LoadFS(Library(), file)
		if err != nil {
			t.Error(err)
			continue
		}
		if s.Conformance == nil || s.Name+".yaml" != path.Base(file) || slices.Contains(others, path.Base(file)) {
			t.Errorf("%s: want the key check, the name of the file, and no scenario of the library with the same name", file)
		}
		data, err := fs.ReadFile(Library(), file)
		if err != nil {
			t.Fatal(err)
		}
		node, problems := strictyaml.Parse(file, data)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		text, err := strictyaml.AppendJSON(nil, node)
		if err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// TestCheckMistakes checks what the loader says of mistakes in the key check.
func TestCheckMistakes(t *testing.T) {
	good := `hookrig: 1
name: one
check:
  level: must
  theme: signature
  title: Refuses it
  why: Because.
  fix: Do it.
  sources: [a document]
params: {provider: neostore}
provider: "${params.provider}"
target: {bin: inbox}
bins: {inbox: {provider: neostore}}
steps:
  - id: sub
    subscribe: {}
  - id: life
    journey: {name: pass}
`
	for _, c := range []struct{ old, new, want string }{
		{"level: must", "level: mast", `did you mean "must"?`},
		{"theme: signature", "theme: signatures", `did you mean "signature"?`},
		{"title: Refuses it", "title: Refuses it.", "want no full stop"},
		{"title: Refuses it", `title: ""`, "found an empty text"},
		{"sources: [a document]", "sources: []", "at least one source"},
		{"sources: [a document]", "sources: [a]\n  needs: [effect]", "without effect"},
		{"sources: [a document]", "sources: [a]\n  needs: [state]", "belong together"},
		{"sources: [a document]", "sources: [a]\n  needs: [state]\n  state: [life]", "at least two"},
		{"sources: [a document]", "sources: [a]\n  needs: [state]\n  state: [life, lif]", `did you mean "life"?`},
		{"sources: [a document]", "sources: [a]\n  applies: {providers: [strip]}", `did you mean "stripe"?`},
		{"sources: [a document]", "sources: [a]\n  applies: {jsn: true}", `did you mean "json"?`},
		{"sources: [a document]", "sources: [a]\n  assumes: [timeouts]", `did you mean "timeout"?`},
		{"sources: [a document]", "sources: [a]\n  gate: [ebay]", "gate"},
		{"{provider: neostore}\nprov", "{providr: neostore}\nprov", `did you mean "provider"?`},
		{"{provider: neostore}\nprov", "{provider: {type: text}}\nprov", "needs a default"},
		{"why: Because.", `why: "${seed}"`, "cannot be a reference"},
	} {
		text := strings.Replace(good, c.old, c.new, 1)
		if text == good {
			t.Fatalf("%q is not in the file", c.old)
		}
		_, err := Parse("one.yaml", []byte(text), nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: want %q, got %v", c.new, c.want, err)
		}
	}
	if _, err := Parse("one.yaml", []byte(good), nil); err != nil {
		t.Error(err)
	}
}

// TestImpossibleFaults checks that a delivery with a fault that the provider's requests cannot have
// is skipped, and so is what is expected of it; a row of a table that is possible is checked.
func TestImpossibleFaults(t *testing.T) {
	s, err := Parse("one.yaml", []byte(`hookrig: 1
name: one
provider: neostore
target: {bin: inbox}
bins: {inbox: {provider: neostore, responses: [202]}}
steps:
  - id: sub
    subscribe: {}
  - id: stale
    deliver: {event: "Pass:Created", faults: ["timestamp:stale"]}
  - id: refused
    expect: {response: {of: stale, status: 4xx}}
  - id: either
    each: {fault: ["timestamp:stale", "signature:missing"]}
    deliver: {event: "Pass:Created", faults: ["${each.fault}"]}
  - id: accepted
    expect: {response: {of: either, status: 202}}
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	report, err := play(t, s, Options{SkipImpossible: true})
	if err != nil || report.Status != Passed {
		t.Fatalf("%v\n%s", err, text(t, report))
	}
	want := map[string]Status{"stale": Skipped, "refused": Skipped, "either/timestamp:stale": Skipped, "either/signature:missing": Passed, "accepted": Passed}
	for _, step := range report.Steps {
		if status, ok := want[step.ID]; ok && step.Status != status {
			t.Errorf("step %s is %s, want %s: %s", step.ID, step.Status, status, step.Detail)
		}
	}
	if _, err := play(t, s, Options{}); err == nil || !strings.Contains(err.Error(), "timestamp:stale") {
		t.Errorf("without SkipImpossible: %v", err)
	}
}
