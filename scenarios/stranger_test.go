package scenarios

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/hookrig/hookrig/fixtures"
)

// TestScenarioRunsNoProgram checks that a scenario runs no program without AllowExec.
func TestScenarioRunsNoProgram(t *testing.T) {
	t.Parallel()
	done := filepath.Join(t.TempDir(), "done")
	s := read(t, `
effects:
  state: {exec: [touch, "`+done+`"]}
steps:
  - id: a
    expect: {effects: {state: {eventually: {eq: ""}, within: 1ms}}}
`)
	report, err := play(t, s, Options{})
	if !errors.Is(err, ErrExec) || report.Status != Errored {
		t.Errorf("%v, %s", err, report.Status)
	}
	if _, err := os.Stat(done); err == nil {
		t.Error("the program ran")
	}
	if _, err := play(t, s, Options{AllowExec: true}); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(done); err != nil {
		t.Error(err)
	}
}

// TestScenarioReachesNoOtherHost checks that a scenario reaches no other host: every URL is refused
// before a connection is made, and redirects are not followed.
func TestScenarioReachesNoOtherHost(t *testing.T) {
	t.Parallel()
	redirects := httptest.NewServer(http.RedirectHandler("http://169.254.169.254/latest", http.StatusFound))
	t.Cleanup(redirects.Close)
	for _, url := range []string{
		"http://169.254.169.254/latest/meta-data", "http://[fd00:ec2::254]/", "http://192.0.2.1/", "http://0.0.0.0:1/", "http://[::ffff:169.254.169.254]/", "http://2852039166/",
		redirects.URL,
	} {
		s := read(t, `
effects:
  state: {http: {url: "`+url+`"}, jq: .status}
steps:
  - id: a
    expect: {effects: {state: {eventually: {eq: 302}, within: 1ms}}}
`)
		report, err := play(t, s, Options{})
		switch {
		case url == redirects.URL:
			if err != nil || report.Status != Passed {
				t.Errorf("%s: %v\n%s", url, err, text(t, report))
			}
		case !errors.Is(err, ErrNotAllowed) || report.Status != Errored || len(report.Steps) != 2 || report.Steps[1].Status != Skipped:
			t.Errorf("%s: %v\n%s", url, err, text(t, report))
		case url == "http://192.0.2.1/" && !strings.Contains(err.Error(), "--allow-target 192.0.2.1"):
			t.Error(err)
		}
	}
}

// TestFilesThatNeverEnd checks that devices, pipes without a writer and large files are refused.
func TestFilesThatNeverEnd(t *testing.T) {
	t.Parallel()
	builtin := os.DirFS("../fixtures/providers/ethpass")
	for name, put := range map[string]func(path string) error{
		"a pipe":       func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"a device":     func(path string) error { return os.Symlink("/dev/zero", path) },
		"a folder":     func(path string) error { return os.Mkdir(path, 0o700) },
		"a large file": func(path string) error { return os.WriteFile(path, make([]byte, 5<<20), 0o600) },
	} {
		for _, file := range []string{"provider.yaml", "vectors.yaml", "events/pass-created.json.tmpl"} {
			dir := filepath.Join(t.TempDir(), "ethpass")
			if err := os.CopyFS(dir, builtin); err != nil {
				t.Fatal(err)
			}
			at := filepath.Join(dir, filepath.FromSlash(file))
			if _, err := os.Stat(at); err != nil { // the templates have other names
				entries, err := os.ReadDir(filepath.Dir(at))
				if err != nil || len(entries) == 0 {
					t.Fatal(err)
				}
				at = filepath.Join(filepath.Dir(at), entries[0].Name())
			}
			if err := os.Remove(at); err != nil {
				t.Fatal(err)
			}
			if err := put(at); err != nil {
				t.Fatal(err)
			}
			if problems := Lint(fixtures.Builtin(), dir); len(problems) == 0 {
				t.Errorf("%s in the place of %s is no mistake", name, file)
			}
		}
		scenarios := t.TempDir()
		if err := put(filepath.Join(scenarios, "a.yaml")); err != nil {
			t.Fatal(err)
		}
		if problems := Lint(fixtures.Builtin(), scenarios); len(problems) == 0 {
			t.Errorf("%s in the place of a scenario is no mistake", name)
		}
	}
	if _, err := Load("/dev/zero"); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Error(err)
	}
}

// TestLintFromWithin checks that a provider folder gives the same result from every working
// directory.
func TestLintFromWithin(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ethpass")
	if err := os.CopyFS(dir, os.DirFS("../fixtures/providers/ethpass")); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	for _, path := range []string{".", "./", "provider.yaml", "../ethpass", "events/.."} {
		if problems := Lint(fixtures.Builtin(), path); len(problems) > 0 {
			t.Errorf("%s: %v", path, problems)
		}
	}
}
