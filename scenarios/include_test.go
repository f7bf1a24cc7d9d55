package scenarios

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hookrig/hookrig/fixtures"
)

// folder writes files below a new folder.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const includes = "hookrig: 1\nname: a\nprovider: neostore\ntarget: {bin: inbox}\nbins: {inbox: {provider: neostore}}\n"

// TestInclude checks that included steps are played in place and that mistakes name their file.
func TestInclude(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"main.yaml":                  includes + "setup: [include: parts/sub.steps.yaml]\nsteps:\n- include: parts/send.steps.yaml\n- {id: end, expect: {captures: {count: 1}}}\nteardown: [include: parts/deep/last.steps.yaml]\n",
		"parts/sub.steps.yaml":       "- {id: sub, subscribe: {}}\n",
		"parts/send.steps.yaml":      "- {id: first, advance: 1s}\n- include: deep/more.steps.yml\n",
		"parts/deep/more.steps.yml":  "- {id: send, deliver: {event: 'Pass:Created'}}\n",
		"parts/deep/last.steps.yaml": "- {id: last, advance: 1s}\n",
	}
	dir := folder(t, files)
	s, err := Load(filepath.Join(dir, "main.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var read []string
	for _, file := range s.Files() {
		rel, _ := filepath.Rel(dir, file)
		read = append(read, filepath.ToSlash(rel))
	}
	if want := "main.yaml parts/sub.steps.yaml parts/send.steps.yaml parts/deep/more.steps.yml parts/deep/last.steps.yaml"; strings.Join(read, " ") != want {
		t.Errorf("got %v", read)
	}
	report, err := play(t, s, Options{})
	var ids []string
	for _, step := range report.Steps {
		ids = append(ids, string(step.Phase)+":"+step.ID)
	}
	if want := "setup:sub :first :send :end teardown:last"; err != nil || report.Status != Passed || strings.Join(ids, " ") != want {
		t.Errorf("%v %v\n%s", err, ids, text(t, report))
	}
	if found, err := Files(dir); err != nil || len(found) != 1 {
		t.Errorf("lists of steps are played alone: %v, %v", found, err)
	}
	memory := fstest.MapFS{}
	for name, text := range files {
		memory[name] = &fstest.MapFile{Data: []byte(text)}
	}
	if s, err := LoadFS(memory, "main.yaml"); err != nil || len(s.Files()) != 5 {
		t.Error(err)
	}
	bad := folder(t, map[string]string{
		"main.yaml":    includes + "steps:\n- include: x.steps.yaml\n- {id: b, deliver: {event: 'Pass:Creatd'}}\n",
		"x.steps.yaml": "- {id: a, deliver: {event: 'Pass:Creatd'}}\n- {id: a, advanse: 1s}\n- {id: c, deliver: {event: '${steps.x.y}', provider: neostor}}\n",
	})
	_, err = Load(filepath.Join(bad, "main.yaml"))
	want := `main.yaml:8:28: provider neostore sends no event "Pass:Creatd"; did you mean "Pass:Created"?
x.steps.yaml:1:28: provider neostore sends no event "Pass:Creatd"; did you mean "Pass:Created"?
x.steps.yaml:2:8: step id "a" is used twice
x.steps.yaml:2:11: unknown key "advanse"; did you mean "advance"?
x.steps.yaml:3:28: unknown reference ${steps.x.y}: no step before this one has the id "x"; known: a, a
x.steps.yaml:3:54: unknown provider "neostor"; did you mean "neostore"?`
	if got := strings.ReplaceAll(fmt.Sprint(err), bad+string(filepath.Separator), ""); got != want {
		t.Errorf("want\n%s\ngot\n%s", want, got)
	}
}

// TestIncludeReadsNothingElse checks that an include reads only the files that it may, and that
// there is an end to it.
func TestIncludeReadsNothingElse(t *testing.T) {
	t.Parallel()
	step := "- {id: a, advance: 1s}\n"
	chain := map[string]string{}
	for i := range 12 {
		chain[fmt.Sprintf("in/c%d.yaml", i)] = fmt.Sprintf("- include: c%d.yaml\n", i+1)
	}
	wide := map[string]string{"in/w2.yaml": strings.Repeat("- include: w3.yaml\n", 20), "in/w1.yaml": strings.Repeat("- include: w2.yaml\n", 20), "in/w3.yaml": "[]"}
	for name, c := range map[string]struct {
		include string
		files   map[string]string
		says    string
	}{
		"the folder above": {"../secret.steps.yaml", map[string]string{"secret.steps.yaml": step}, "it is outside the folder of the scenario"},
		"a detour":         {"x/../../secret.steps.yaml", map[string]string{"secret.steps.yaml": step}, "outside"},
		"an absolute path": {"/etc/hostname", nil, "outside"},
		"a link":           {"link.yaml", map[string]string{"secret.steps.yaml": step, "in/link.yaml": "-> ../secret.steps.yaml"}, "cannot be included"},
		"itself":           {"main.yaml", nil, "main.yaml includes itself"},
		"a circle":         {"x.yaml", map[string]string{"in/x.yaml": "- include: y.yaml\n", "in/y.yaml": "- include: x.yaml\n"}, "includes itself"},
		"a long chain":     {"c0.yaml", chain, "nested deeper than 8"},
		"very many":        {"w1.yaml", wide, "more than 100 includes"},
		"nothing":          {"none.yaml", nil, "none.yaml cannot be included: no such file"},
		"a folder":         {"sub", map[string]string{"in/sub/x": ""}, "it is not a regular file"},
		"a scenario":       {"s.yaml", map[string]string{"in/s.yaml": "hookrig: 1\nname: s\nsteps: []\n"}, "expected a list of steps"},
		"an empty file":    {"e.yaml", map[string]string{"in/e.yaml": "\n"}, "the file is empty"},
		"a reference":      {"'${env:X}'", nil, "an include cannot have references"},
		"another key":      {"x.yaml, id: b", map[string]string{"in/x.yaml": step}, `unknown key "id"`},
		"a large file":     {"l.yaml", map[string]string{"in/l.yaml": strings.Repeat("#", maxFile+1)}, "too large"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			links := map[string]string{}
			for file, text := range c.files {
				if to, ok := strings.CutPrefix(text, "-> "); ok {
					links[file] = to
				}
			}
			files := map[string]string{"in/main.yaml": includes + "steps: [{include: " + c.include + "}]\n"}
			for file, text := range c.files {
				if links[file] == "" {
					files[file] = text
				}
			}
			dir := folder(t, files)
			for file, to := range links {
				if err := os.Symlink(to, filepath.Join(dir, file)); err != nil {
					t.Fatal(err)
				}
			}
			_, err := Load(filepath.Join(dir, "in/main.yaml"))
			if err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), "\n", " "), c.says) {
				t.Errorf("want %q, got %v", c.says, err)
			}
		})
	}
	dir := folder(t, map[string]string{"in/main.yaml": includes + "steps: [{include: ../shared/s.steps.yaml}]\n", "shared/s.steps.yaml": step})
	for _, also := range []string{"shared", "shared/s.steps.yaml", "in/../shared"} {
		s, err := LoadWith(filepath.Join(dir, "in/main.yaml"), fixtures.Builtin(), filepath.Join(dir, also))
		if err != nil || !slices.ContainsFunc(s.Files(), func(file string) bool { return strings.HasSuffix(file, "s.steps.yaml") }) {
			t.Errorf("%s: %v", also, err)
		}
	}
	if _, err := Parse("main.yaml", []byte(includes+"steps: [{include: x.yaml}]\n"), nil); err == nil || !strings.Contains(err.Error(), "was not read from a file") {
		t.Error(err)
	}
}
