package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/dashboard"
)

// run runs the program to its end.
func run(t *testing.T, code int, stdin string, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	got := Main(t.Context(), args, World{Stdin: strings.NewReader(stdin), Stdout: terminal.NewWriter(&out), Stderr: terminal.NewWriter(&errs), Environ: func() []string { return nil }})
	if got != code {
		t.Errorf("%v: exit code %d, want %d; stdout:\n%s\nstderr:\n%s", args, got, code, out.String(), errs.String())
	}
	return out.String(), errs.String()
}

const delicate = `{"n":12345678901234567890,"s":"a\/b"}`

// sendRaw sends a request to a bin, byte for byte.
func sendRaw(t *testing.T, url, raw string) {
	t.Helper()
	m, err := mockserver.ParseRequest([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	client := mockserver.HTTPClient{}
	defer client.CloseIdle()
	if got := client.Send(t.Context(), url, m); got.Status != 200 {
		t.Fatalf("%+v", got)
	}
}

// What a bin holds goes through every file and comes out of a replay as it was.
func TestExportImportReplay(t *testing.T) {
	t.Parallel()
	server := mockserver.StartT(t, mockserver.Options{Dashboard: dashboard.Handler, Token: "open"})
	ctx, client := t.Context(), server.Client()
	at := []string{"--server", server.DashboardURL(), "--token", "open"}
	bodies := []string{delicate, "\x00\xff", "third\n"}
	for _, body := range bodies {
		sendRaw(t, client.BinURL("inbox"), fmt.Sprintf("POST /inbox HTTP/1.1\r\nhost: h\r\nX-Two: 1\r\nx-two: 2\r\nx-token: hush\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
	}
	received := func(bin string) []string {
		t.Helper()
		captures, err := client.Captures(ctx, mockserver.Query{CaptureQuery: mockserver.CaptureQuery{Bin: bin, Oldest: true}})
		if err != nil {
			t.Fatal(err)
		}
		var list []string
		for _, c := range captures {
			_, raw, _ := strings.Cut(string(mockserver.AppendRequest(nil, c.Message)), "\r\nX-Two")
			list = append(list, raw)
		}
		return list
	}
	want := received("inbox")
	if len(want) != 3 {
		t.Fatalf("%q", want)
	}
	for _, format := range []string{"har", "jsonl"} {
		file := filepath.Join(t.TempDir(), "inbox."+format)
		run(t, exitPassed, "", append([]string{"export", "inbox", "--format", format, "--secrets", "keep", "-o", file}, at...)...)
		stdout, _ := run(t, exitPassed, "", "replay", file, "--to", client.BinURL("replayed-"+format))
		if !strings.Contains(stdout, "sent  3, acknowledged with 2xx 3\n") {
			t.Error(stdout)
		}
		stdout, _ = run(t, exitPassed, "", append([]string{"import", "imported-" + format, file}, at...)...)
		if stdout != "imported  3, skipped 0\n" {
			t.Error(stdout)
		}
		for _, bin := range []string{"replayed-" + format, "imported-" + format} {
			if got := received(bin); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
				t.Errorf("%s: %q\nwant %q", bin, got, want)
			}
		}
	}
	lines, _ := run(t, exitPassed, "", append([]string{"export", "inbox", "--format", "jsonl", "--q", "12345678901234567890"}, at...)...)
	if strings.Count(lines, "\n") != 1 || strings.Contains(lines, "hush") {
		t.Error(lines)
	}
	_, stderr := run(t, exitPassed, lines, "replay", "-", "--to", client.BinURL("redacted"), "--json")
	want1 := "line 1: REDACTED replaces a secret"
	if !strings.Contains(stderr, want1) {
		t.Errorf("%q, want %q", stderr, want1)
	}
	stdout, stderr := run(t, exitFailed, lines+"{}\n", append([]string{"import", "some", "-"}, at...)...)
	if stdout != "imported  1, skipped 1\n" || !strings.HasPrefix(stderr, "standard input:2: ") {
		t.Errorf("%s%s", stdout, stderr)
	}
	_, stderr = run(t, exitMisuse, "{}\n", append([]string{"import", "none", "-"}, at...)...)
	if !strings.Contains(stderr, "nothing in the file can be imported") {
		t.Error(stderr)
	}
	run(t, exitMisuse, "", append([]string{"export", "inbox", "--format", "har", "--where", "("}, at...)...)
	run(t, exitMisuse, "", append([]string{"export", "inbox", "--format", "raw"}, at...)...)
	entries, _ := filepath.Glob(filepath.Join(os.TempDir(), "hookrig-*"))
	for _, entry := range entries {
		if raw, err := os.ReadFile(entry); err == nil && bytes.Contains(raw, []byte("12345678901234567890")) {
			t.Errorf("%s was left behind", entry)
		}
	}
}

// A consumer that looks at signatures takes what is signed anew, and only that.
func TestReplaySignsAnew(t *testing.T) {
	t.Parallel()
	server := mockserver.StartT(t)
	ctx, client := t.Context(), server.Client()
	if err := client.Configure(ctx, "now", mockserver.Settings{Provider: "neostore", Secrets: []string{"new"}}); err != nil {
		t.Fatal(err)
	}
	raw := "POST /in HTTP/1.1\r\nHost: h\r\nX-Neostore-Signature: old\r\nContent-Length: 37\r\n\r\n" + delicate
	run(t, exitPassed, raw, "replay", "-", "--to", client.BinURL("now"))
	run(t, exitPassed, raw, "replay", "-", "--to", client.BinURL("now"), "--resign", "--provider", "neostore", "--secret", "new")
	captures, err := server.Bin("now").Wait(ctx, 2)
	if err != nil {
		t.Fatal(err)
	}
	if first, second := captures[0].Verification.Verdict, captures[1].Verification.Verdict; first == signature.Valid || second != signature.Valid {
		t.Errorf("as it was: %s, signed anew: %s", first, second)
	}
	if string(captures[1].Body) != delicate {
		t.Errorf("body %q", captures[1].Body)
	}
}

func TestReplayFailsWhenTheConsumerDoes(t *testing.T) {
	t.Parallel()
	consumer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if string(body) == delicate {
			w.WriteHeader(http.StatusTeapot)
			io.WriteString(w, "I am\n  a teapot\x1b[31m\n")
		}
	}))
	defer consumer.Close()
	line := `{"id":"c00000009","method":"POST","target":"/in","version":"HTTP/1.1","headers":[["Host","h"],["Content-Length","%d"]],"body":"%s","at":"2026-01-15T09:00:00Z"}` + "\n"
	file := fmt.Sprintf(line, 37, "eyJuIjoxMjM0NTY3ODkwMTIzNDU2Nzg5MCwicyI6ImFcL2IifQ==") + fmt.Sprintf(line, 0, "")
	stdout, _ := run(t, exitFailed, file, "replay", "-", "--to", consumer.URL+"/hooks")
	for _, want := range []string{"c00000009  POST /hooks, 37 bytes → 418 in ", " ms: I am a teapot\\u001b[31m\n", "0 bytes → 200 in ", "sent  2, acknowledged with 2xx 1\n"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("%s, want %q", stdout, want)
		}
	}
}
