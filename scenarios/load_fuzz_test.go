package scenarios

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/hookrig/hookrig/internal/strictyaml"
)

// FuzzInclude checks that no pair of files, of which one may include the other, crashes the loader
// or what is asked of a scenario before a run, and that every problem names the file that it is in.
func FuzzInclude(f *testing.F) {
	head := "hookrig: 1\nname: a\nprovider: neostore\ntarget: {bin: b}\nbins: {b: {}}\n"
	for _, pair := range [][2]string{
		{head + "steps: [include: b.yaml]\n", "- {id: a, advance: 1s}\n"},
		{head + "setup: [include: b.yaml]\nsteps: [include: b.yaml]\nteardown: [include: b.yaml]\n", "- {id: a, subscribe: {}}\n- include: b.yaml\n"},
		{head + "params: {x: 1, y: {type: duration}, z: '${env:Z:-1}'}\nrows: {a: [1, 2]}\nsteps:\n- {id: a, each: [{x: 1}], call: {url: 'http://${each.x}/${row.a}', json: {a: '${params.x}'}}, save: {v: .body}}\n- include: b.yaml\n", "- {id: c, when: bin, timeout: 1s, call: {url: '${steps.a.v}'}, expect: {response: {status: [2xx, 500], headers: {a: b}, jq: .a, within: 1s}}}\n"},
		{head + "steps: &s [include: b.yaml]\nteardown: *s\n", "&a\n- *a\n"},
		{"include: b.yaml", "[]"},
		{"hookrig: 0\nname: !\nsteps: [include: b.yaml]", "- {id: '', advance: 1s}"},
	} {
		f.Add([]byte(pair[0]), []byte(pair[1]))
	}
	files, err := filepath.Glob("testdata/mistakes/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, []byte("- {id: a, advance: 1s}\n"))
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		s, err := LoadFS(fstest.MapFS{"a.yaml": {Data: a}, "b.yaml": {Data: b}}, "a.yaml")
		if err != nil {
			var problems strictyaml.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("want problems, got %v", err)
			}
			for _, p := range problems {
				if p.File != "a.yaml" && p.File != "b.yaml" || p.Message == "" {
					t.Errorf("problem %+v", p)
				}
			}
			return
		}
		for _, c := range s.Cases() {
			if c.Name == "" || len(c.all()) == 0 {
				t.Errorf("a scenario without a name or steps: %q", a)
			}
			for _, step := range c.all() {
				if step.ID == "" || step.Verb() == "" {
					t.Errorf("step %q %q of %q, %q", step.ID, step.Verb(), a, b)
				}
			}
		}
		noEnv := func(string) (string, bool) { return "", false }
		_ = s.Permit(Options{Env: noEnv})
		_ = s.CheckParams(map[string]string{"x": "1", "y": "2"})
		_ = s.Summary()
		if selected, err := Select([]*Scenario{s}, s.all()[0].ID); err == nil && len(selected) == 0 {
			t.Error("a step was found and not selected")
		}
	})
}
