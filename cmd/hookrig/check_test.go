package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hookrig/hookrig/scenarios/exam"
)

// An interrupt ends the exam, and what it has found is in the reports.
func TestCheckInterrupted(t *testing.T) {
	t.Parallel()
	for refusal, code := range map[int]int{http.StatusOK: exitFailed, http.StatusUnauthorized: exitInconclusive} {
		var running atomic.Pointer[session]
		started := make(chan struct{})
		requests := 0
		consumer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			<-started
			if requests++; requests == 4 { // after a check with a good delivery before and after it
				running.Load().interrupt()
			}
			if r.Header.Get("X-Neostore-Signature") == "" {
				w.WriteHeader(refusal)
			}
		}))
		t.Cleanup(consumer.Close)
		file := filepath.Join(t.TempDir(), "report.json")
		s := start(t, "check", consumer.URL, "neostore", "--secret", "S", "--only", "signature-missing", "--only", "signature-wrong-secret", "--junit", file+".xml", "--json", file)
		running.Store(s)
		close(started)
		stdout, stderr := s.end(t, code)
		want(t, stdout, `(?m)^note: the exam ended early, the checks that it made are 1: interrupted$`)
		if code == exitInconclusive {
			want(t, stderr, `^hookrig: interrupted\n$`)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		report, err := exam.ParseReport(data)
		if err != nil || len(report.Checks) != 1 || report.Checks[0].ID != "signature-missing" {
			t.Errorf("%v: %s", err, data)
		}
		if _, err := os.Stat(file + ".xml"); err != nil {
			t.Error(err)
		}
	}
}

// The command that repeats a check has the flags that change it. Secrets are variables.
func TestCheckAgain(t *testing.T) {
	t.Parallel()
	consumer := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(consumer.Close)
	s := start(t, "serve", "--capture", "127.0.0.1:0", "--dashboard", "127.0.0.1:0", "--data", "memory", "--token", "t0ken")
	line(t, s.out, `^capture`)
	server := line(t, s.out, `^dashboard +(http://127\.0\.0\.1:\d+)\n$`)[1]
	stdout, _ := start(t, "check", consumer.URL, "neostore", "--secret", "S", "--old-secret", "0ld", "--only", "signature-missing", "--seed", "3",
		"--server", server, "--token", "t0ken", "--timeout", "20s", "--within", "10ms", "--settle", "5ms", "--allow-target", "127.0.0.2,example.com", "--strict",
		"--event", "Pass:Created", "--option", "neostore.encoding=base64", "--skip-verify").end(t, exitFailed)
	want(t, stdout, `(?m)^again: hookrig check `+consumer.URL+` neostore --secret "\$HOOKRIG_SECRET" --only signature-missing --event Pass:Created --server `+server+
		` --old-secret "\$HOOKRIG_OLD_SECRET" --token "\$HOOKRIG_TOKEN" --timeout 20s --within 10ms --settle 5ms --option neostore.encoding=base64 --allow-target 127.0.0.2 --allow-target example.com --skip-verify --strict$`)
	if strings.Contains(stdout, "t0ken") || strings.Contains(stdout, "0ld") {
		t.Error(stdout)
	}
}
