package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// action is the file action.yml.
type action struct {
	Name, Description string
	Inputs            map[string]struct{ Description, Default string }
	Runs              struct {
		Using string
		Steps []actionStep
	}
}

type actionStep struct {
	ID, If, Shell, Uses, Run string
	Dir                      string `yaml:"working-directory"`
	Env, With                map[string]string
}

// readAction reads action.yml.
func readAction(t *testing.T) action {
	t.Helper()
	var a action
	if err := yaml.Load([]byte(deployed(t, "action.yml")), &a, yaml.WithKnownFields(), yaml.WithUniqueKeys()); err != nil {
		t.Fatal(err)
	}
	return a
}

// actionRun is what a job does with the action.
type actionRun struct {
	code      int      // of the last program that was run
	output    string   // of all programs
	artifacts []string // what is uploaded
}

// runAction runs the action in a folder as GitHub's runner does, but takes this program instead of
// building it.
func runAction(t *testing.T, dir string, env []string, inputs map[string]string) actionRun {
	t.Helper()
	for _, program := range []string{"bash", "git"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(program + " is not installed")
		}
	}
	j := newActionJob(t, env)
	a := readAction(t)
	for name, input := range a.Inputs {
		j.values["inputs."+name] = input.Default
	}
	for name, value := range inputs {
		if _, known := a.Inputs[name]; !known {
			t.Errorf("the action has no input %s", name)
		}
		j.values["inputs."+name] = value
	}
	var run actionRun
	for _, step := range a.Runs.Steps {
		switch {
		case run.code != 0 && !strings.Contains(step.If, "cancelled()") || !j.holds(step.If):
		case step.Uses == "actions/upload-artifact@v4":
			run.artifacts = append(run.artifacts, j.filled(step.With["path"]))
		case step.Uses == "actions/cache@v4":
			j.filled(step.With["path"] + step.With["key"])
		case step.Shell == "bash" && step.Uses == "":
			code, output := j.shell(dir, step)
			run.code, run.output = code, run.output+output
		default:
			t.Errorf("a step that is neither a script nor a known action: %+v", step)
		}
	}
	return run
}

// actionJob is a job of a runner.
type actionJob struct {
	*testing.T
	temp   string
	env    []string
	values map[string]string // of expressions
}

func newActionJob(t *testing.T, env []string) *actionJob {
	t.Helper()
	temp := t.TempDir()
	source, programs := filepath.Join(temp, "source"), filepath.Join(temp, "programs")
	tree, err := filepath.Abs("../../cmd")
	if err != nil {
		t.Fatal(err)
	}
	hookrig, err := exec.LookPath("hookrig")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		filepath.Join(source, "go.mod"): deployed(t, "go.mod"),
		// go build [FLAG...] -o FOLDER/ PACKAGE
		filepath.Join(programs, "go"): `#!/bin/sh
while [ "$1" != -o ]; do shift; done
test -f "$3/main.go" && mkdir -p "$2" && ln -sf '` + hookrig + `' "$2"
`,
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(tree, filepath.Join(source, "cmd")); err != nil {
		t.Fatal(err)
	}
	return &actionJob{
		T: t, temp: temp,
		env: append(slices.Clone(env), "GITHUB_ACTIONS=true", "RUNNER_TEMP="+temp, "GITHUB_OUTPUT="+filepath.Join(temp, "output"),
			"GITHUB_PATH="+filepath.Join(temp, "path"), "PATH="+programs+":/usr/bin:/bin"),
		values: map[string]string{
			"github.action_path": source, "runner.temp": temp, "runner.os": "Linux", "runner.arch": "X64", "steps.cache.outputs.cache-hit": "",
		},
	}
}

var (
	placeholder = regexp.MustCompile(`\$\{\{ (\S+) \}\}`)
	condition   = regexp.MustCompile(`^(\S+) != '(.*)'$`)
)

// filled replaces the expressions in a text.
func (j *actionJob) filled(text string) string {
	j.Helper()
	return placeholder.ReplaceAllStringFunc(text, func(found string) string { return j.value(placeholder.FindStringSubmatch(found)[1]) })
}

func (j *actionJob) value(name string) string {
	j.Helper()
	value, known := j.values[name]
	if !known {
		j.Errorf("there is no value %s", name)
	}
	return value
}

// holds evaluates a condition.
func (j *actionJob) holds(text string) bool {
	j.Helper()
	for part := range strings.SplitSeq(text, " && ") {
		if part == "" || part == "!cancelled()" {
			continue
		}
		m := condition.FindStringSubmatch(part)
		if m == nil {
			j.Fatalf("condition %q: want NAME != 'TEXT'", part)
		}
		if j.value(m[1]) == m[2] {
			return false
		}
	}
	return true
}

// shell runs a script, and reads what it says to the runner.
func (j *actionJob) shell(dir string, step actionStep) (int, string) {
	j.Helper()
	cmd := exec.CommandContext(j.Context(), "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", j.filled(step.Run))
	cmd.Dir = dir
	if step.Dir != "" {
		cmd.Dir = j.filled(step.Dir)
	}
	cmd.Env = slices.Clone(j.env)
	for name, value := range step.Env {
		cmd.Env = append(cmd.Env, name+"="+j.filled(value))
	}
	output, _ := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		j.Fatalf("bash did not start: %s", step.Run)
	}
	for line := range strings.Lines(j.said("output")) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			j.values["steps."+step.ID+".outputs."+name] = value
		}
	}
	if added := strings.TrimSpace(j.said("path")); added != "" {
		path := j.env[len(j.env)-1]
		j.env[len(j.env)-1] = "PATH=" + added + ":" + strings.TrimPrefix(path, "PATH=")
	}
	return cmd.ProcessState.ExitCode(), string(output)
}

// said returns what the steps have written to a file of the runner, and empties it.
func (j *actionJob) said(file string) string {
	j.Helper()
	name := filepath.Join(j.temp, file)
	text, err := os.ReadFile(name)
	if err == nil {
		err = os.Remove(name)
	}
	if err != nil && !os.IsNotExist(err) {
		j.Fatal(err)
	}
	return string(text)
}

const (
	goodScenario = wholeHead + "  - {id: subscribe, subscribe: {to: \"${bins.inbox.url}\"}}\n"
	badScenario  = goodScenario + "  - {id: never, deliver: {event: \"Pass:Created\"}, expect: {deliveries: {state: exhausted}}}\n"
	wholeHead    = "hookrig: 1\nname: example\nprovider: neostore\nbins: {inbox: {provider: neostore}}\nsteps:\n"
)

// The action runs what it is asked to, fails as hookrig does, and keeps the reports in both cases.
func TestAction(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, args string
		code       int
		says       string
		reports    bool
	}{
		{"no command", "", 0, "", false},
		{"passed", "run good.yaml --seed 7", 0, "passed: 1 step", true},
		{"failed", "run bad.yaml", exitFailed, "::error file=bad.yaml", true},
		{"an asterisk", "run *.yaml", exitMisuse, "*.yaml", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for name, text := range map[string]string{"good.yaml": goodScenario, "bad.yaml": badScenario} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			run := runAction(t, dir, []string{"HOME=" + dir, "GITHUB_WORKSPACE=" + dir}, map[string]string{"args": c.args, "reports": "kept"})
			if run.code != c.code || !strings.Contains(run.output, c.says) || strings.Contains(run.output, "warning: unknown variable") {
				t.Errorf("exit code %d, want %d and %q:\n%s", run.code, c.code, c.says, run.output)
			}
			if wants := c.args != ""; wants != slices.Equal(run.artifacts, []string{"kept"}) {
				t.Errorf("uploads %q", run.artifacts)
			}
			for _, name := range []string{"report.xml", "report.html", "journal.jsonl"} {
				if _, err := os.Stat(filepath.Join(dir, "kept", name)); (err == nil) != c.reports {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
}

// Every input is described and used, and the page of the manual names it.
func TestActionInputs(t *testing.T) {
	t.Parallel()
	a, file, page := readAction(t), deployed(t, "action.yml"), string(sourceOf(t, "ci"))
	if a.Name != "hookrig" || a.Description == "" || a.Runs.Using != "composite" || len(a.Inputs) == 0 {
		t.Errorf("%q, %q, %s, %d inputs", a.Name, a.Description, a.Runs.Using, len(a.Inputs))
	}
	for name, input := range a.Inputs {
		if input.Description == "" || !strings.Contains(file, "${{ inputs."+name+" }}") || !strings.Contains(page, "`"+name+"`") {
			t.Errorf("input %s has no description, no use or no place in the manual", name)
		}
	}
}
