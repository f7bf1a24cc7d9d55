package scenarios

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
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
