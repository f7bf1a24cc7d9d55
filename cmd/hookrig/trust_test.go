package main

import (
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const unknownAuthority = `certificate signed by unknown authority: trust it with --cacert FILE, or --skip-verify`

// startHTTPS starts a server with a new authority, whose certificate is in the file ca.
func startHTTPS(t *testing.T, handler http.Handler) (at, ca string) {
	t.Helper()
	a, err := newAuthority()
	if err != nil {
		t.Fatal(err)
	}
	server, err := a.serve("good", handler)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, a.pem, 0o600); err != nil {
		t.Fatal(err)
	}
	return server.URL, ca
}

// What listen forwards reaches a consumer by https that is trusted.
func TestListenForwardsByHTTPS(t *testing.T) {
	t.Parallel()
	consumer, ca := startHTTPS(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }))
	for _, tt := range []struct {
		flags []string
		code  int
		want  string
	}{
		{nil, exitFailed, unknownAuthority},
		{[]string{"--cacert", ca}, exitPassed, " → 202\n"},
		{[]string{"--skip-verify"}, exitPassed, " → 202\n"},
	} {
		s := start(t, append([]string{"listen", "--capture", "127.0.0.1:0", "--forward", consumer}, tt.flags...)...)
		if len(tt.flags) == 1 {
			line(t, s.err, `^hookrig: warning: --skip-verify: certificates are not checked`)
		}
		to := line(t, s.err, `^listening on (\S+)\n$`)[1]
		line(t, s.err, `^forwarding to `)
		start(t, "send", "neostore", "Pass:Created", "--to", to, "--secret", "S", "--retry", "none").end(t, tt.code)
		if t.Failed() {
			return // what is wanted will not be printed
		}
		for printed := ""; !strings.Contains(printed, tt.want); { // in the first line or the second
			printed = line(t, s.out, `.*\n`)[0]
		}
		s.interrupt()
		s.end(t, exitPassed)
	}
}

// What serve delivers, forwards and sends again reaches a consumer by https that is trusted; a
// dashboard behind https is asked as a consumer is.
func TestServeAndADashboardByHTTPS(t *testing.T) {
	t.Parallel()
	consumer, ca := startHTTPS(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "7") }))
	served := start(t, "serve", "--data", "memory", "--capture", "127.0.0.1:0", "--dashboard", "127.0.0.1:0", "--cacert", ca)
	captured := line(t, served.out, `^capture +(\S+)/<bin>\n$`)[1]
	behind, err := url.Parse(line(t, served.out, `^dashboard +(\S+)\n$`)[1])
	if err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, served.out)
	go io.Copy(io.Discard, served.err)
	transport := &http.Transport{DisableKeepAlives: true}
	dashboard, dashboardCA := startHTTPS(t, &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(behind) }, Transport: transport, FlushInterval: -1,
	})
	file := filepath.Join(t.TempDir(), "one.http")
	if err := os.WriteFile(file, []byte("POST /x HTTP/1.1\r\nHost: x\r\n\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}

	// The server delivers with what it was told itself, whatever the command takes.
	_, stderr := start(t, "run", "duplicate", "--target", consumer, "--secret", "S", "--server", dashboard, "--cacert", dashboardCA).end(t, exitPassed)
	want(t, stderr, `^hookrig: --cacert and --skip-verify apply to the requests of this command`)

	for _, args := range [][]string{
		{"import", "load", file},
		{"export", "load", "--format", "jsonl"},
		{"healthcheck"},
		{"nodes"},
		{"burst", "neostore", "--to", captured + "/many", "--count", "5"},
		{"burst", "--from", "load", "--to", captured + "/again", "--count", "5"},
	} {
		server := append(args, "--server", dashboard)
		code := exitInconclusive
		if args[0] == "healthcheck" {
			code = exitFailed
		}
		_, stderr := start(t, server...).end(t, code)
		want(t, stderr, `^hookrig: .*`+unknownAuthority)
		if strings.Contains(stderr, "hookrig serve") {
			t.Errorf("%s: a certificate that is not taken is taken for no server: %s", args[0], stderr)
		}
		_, stderr = start(t, append(server, "--skip-verify")...).end(t, exitPassed)
		want(t, stderr, `certificates are not checked`)
		start(t, append(server, "--cacert", dashboardCA)...).end(t, exitPassed)
	}
	listening := start(t, "listen", "--server", dashboard, "--cacert", dashboardCA)
	line(t, listening.err, `^hookrig: --cacert and --skip-verify apply to the requests of this command`)
	line(t, listening.err, `^listening on `+regexp.QuoteMeta(captured)+`/inbox\n$`)
	listening.interrupt()
	listening.end(t, exitPassed)
	served.interrupt()
}

// A burst to a bin of the TLS capture address asks there for the dashboard.
func TestBurstToABinByHTTPS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, "serve", "--capture", "127.0.0.1:0", "--capture-tls", "127.0.0.1:0", "--dashboard", "127.0.0.1:0", "--data", dir)
	for range 3 {
		line(t, s.out, `^(capture|dashboard|data)`)
	}
	at := line(t, s.out, `^TLS +(\S+)/<bin>\n$`)[1]
	ca := line(t, s.out, `^CA +(.+)\n$`)[1]
	go io.Copy(io.Discard, s.out)
	go io.Copy(io.Discard, s.err)
	for i, flags := range [][]string{{"--cacert", ca}, {"--skip-verify"}} {
		stdout, _ := start(t, append([]string{"burst", "neostore", "--to", at + "/load" + string(rune('a'+i)), "--count", "50", "--connections", "4"}, flags...)...).end(t, exitPassed)
		want(t, stdout, `(?m)^captured      50, lost 0, duplicated 0, unexpected 0, corrupted 0, out of order 0$`)
	}
	s.interrupt()
}
