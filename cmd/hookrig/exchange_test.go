package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/internal/redact"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/dashboard"
)

// README says that the help lists which secrets are redacted.
func TestHelpListsSecrets(t *testing.T) {
	t.Parallel()
	stdout, _ := run(t, exitPassed, "", "help", "export")
	if !strings.Contains(stdout, redact.Manual()) {
		t.Errorf("the list is not in the help:\n%s", stdout)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), "secrets redacted (`hookrig help export` lists which)") {
		t.Error("README does not say where the list stands")
	}
}

// An export is exact, and says on stderr that it is redacted.
func TestExportIsExact(t *testing.T) {
	t.Parallel()
	server, err := mockserver.Start(t.Context(), mockserver.Options{Dashboard: dashboard.Handler})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	body := "\x1b[31m\x9b\u202e\x00\r\n\x7f"
	sendRaw(t, server.CaptureURL()+"/plain", "POST /plain HTTP/1.1\r\nHost: h\r\nContent-Length: 13\r\n\r\n"+body)
	stdout, stderr := run(t, exitPassed, "", "export", "plain", "--format", "raw", "--server", server.DashboardURL())
	if !strings.HasSuffix(stdout, "\r\n\r\n"+body) || stderr != "" {
		t.Errorf("%q, %q", stdout, stderr)
	}
	sendRaw(t, server.CaptureURL()+"/secret", "POST /secret HTTP/1.1\r\nHost: h\r\nCookie: hush\r\nContent-Length: 0\r\n\r\n")
	stdout, stderr = run(t, exitPassed, "", "export", "secret", "--format", "raw", "--server", server.DashboardURL())
	if strings.Contains(stdout, "hush") || stderr != "REDACTED replaces each secret: --secrets keep includes them\n" {
		t.Errorf("%q, %q", stdout, stderr)
	}
	stdout, stderr = run(t, exitPassed, "", "export", "secret", "--format", "raw", "--secrets", "keep", "--server", server.DashboardURL())
	if !strings.Contains(stdout, "Cookie: hush\r\n") || stderr != "" {
		t.Errorf("%q, %q", stdout, stderr)
	}
	split := &redactions{Writer: io.Discard}
	for _, part := range bytes.SplitAfter([]byte("xREDAxCTED REDACTED"), []byte("A")) {
		split.Write(part)
	}
	if !split.any {
		t.Error("a word in pieces is not noticed")
	}
}

// Reports are shown around: what a consumer answers is redacted in them too.
func TestReportsHoldNoSecrets(t *testing.T) {
	t.Parallel()
	consumer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Set-Cookie", "s=hush1")
		w.Header().Set("Location", "/cb?code=hush2")
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(500)
		io.WriteString(w, `{"access_token":"hush3","note":"shown"}`)
	}))
	defer consumer.Close()
	file := filepath.Join(t.TempDir(), "s.yaml")
	scenario := strings.Replace(scenario("x", ""), "\"Pass:Created\"}", "\"Pass:Created\"}\n    expect:\n      deliveries: {state: delivered}", 1)
	if err := os.WriteFile(file, []byte(scenario), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"--json", "-"}, {"--junit", "-"}, {"--html", "-"}, nil} {
		report := filepath.Join(t.TempDir(), "report")
		if args != nil && args[0] != "--json" {
			args[1] = report
		}
		out := outcome(t, "", nil, append([]string{"run", file, "--target", consumer.URL + "/?api_key=hush5", "--secret", "s3cr3t-hush6"}, args...)...)
		if written, err := os.ReadFile(report); err == nil {
			out += string(written)
		}
		for _, secret := range []string{"hush1", "hush2", "hush3", "hush5", "hush6"} {
			if shows := strings.Contains(out, secret); shows {
				t.Errorf("%v shows %s:\n%s", args, secret, out)
			}
		}
		if args != nil && !strings.Contains(out, "shown") {
			t.Errorf("%v: the exchange is not there:\n%s", args, out)
		}
	}
}
