package hookrig_test

import (
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/suites/hookrig"
)

func TestRunScenario(t *testing.T) {
	t.Parallel()
	file, err := os.Open("testdata/installed.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	server := run(t, hookrig.WithScenarios("testdata/installed.yaml"), hookrig.WithScenarioReader(file, "again/reader.yaml"), hookrig.WithSeed(11))
	for _, c := range []struct {
		name string
		args []string
		code int
		want []string // the scenarios that passed
		log  string
	}{
		{"a file", []string{"installed.yaml"}, 0, []string{"installed"}, ""},
		{"a file of a reader", []string{"again/reader.yaml"}, 0, []string{"installed"}, ""},
		{"one of the library", []string{"duplicate"}, 0, []string{"duplicate"}, ""},
		{"all files", nil, 0, []string{"installed", "installed"}, ""},
		{"no such file", []string{"uninstalled.yaml"}, 2, nil, "uninstalled.yaml"},
		{"a wrong flag", []string{"duplicate", "--seed", "x"}, 2, nil, "--seed"},
		{"nothing listens", []string{"duplicate", "--target", "http://127.0.0.1:1/hooks", "--secret", "s"}, 3, nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := server.RunScenario(t.Context(), c.args...)
			if err != nil {
				t.Fatal(err)
			}
			if got.ExitCode != c.code || got.Passed() != (c.code == 0) {
				t.Errorf("exit code %d, passed %v; want %d\n%s", got.ExitCode, got.Passed(), c.code, got)
			}
			var passed []string
			for _, report := range got.Reports {
				if report.Status == "passed" && len(report.Steps) > 0 && report.Seed == 11 {
					passed = append(passed, report.Scenario)
				}
			}
			if strings.Join(passed, " ") != strings.Join(c.want, " ") {
				t.Errorf("passed %v, want %v\n%s", passed, c.want, got.JSON)
			}
			if !strings.Contains(got.Log, c.log) {
				t.Errorf("the log says %q, want %q", got.Log, c.log)
			}
		})
	}
}

// A consumer on this machine that takes everything is found out.
func TestConsumerOnTheHost(t *testing.T) {
	t.Parallel()
	needsDocker(t)
	listener, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	consumer := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}
	t.Cleanup(func() { consumer.Close() })
	go consumer.Serve(listener)
	server := run(t, hookrig.WithHostTarget(listener.Addr().(*net.TCPAddr).Port))
	got, err := server.RunScenario(t.Context(), "forged", "--target", server.MustHostTargetURL()+"/hooks", "--secret", "s")
	if err != nil {
		t.Fatal(err)
	}
	if got.ExitCode != 1 || !strings.Contains(got.String(), "want") {
		t.Errorf("exit code %d, want 1: the consumer accepts forged requests\n%s", got.ExitCode, got)
	}
}
