package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A bin is prepared for a sender, the sender sends, and is checked.
func TestCheckProvider(t *testing.T) {
	t.Parallel()
	s := start(t, "serve", "--capture", "127.0.0.1:0", "--dashboard", "127.0.0.1:0", "--data", "memory")
	capture := line(t, s.out, `^capture +(http://127\.0\.0\.1:\d+)/<bin>\n$`)[1]
	server := line(t, s.out, `^dashboard +(http://127\.0\.0\.1:\d+)\n$`)[1]

	stdout, _ := start(t, "check-provider", "inbox", "--server", server, "--prepare").end(t, exitPassed)
	want(t, stdout, `^`+capture+`/inbox is ready: let your sender send 8 different events to it
  1  gets 200
  2  gets 500, 500, 500, then 200
  3  gets 503 with Retry-After: 10, then 200
(?s).*
  9  gets 410: send it when the others are delivered
note: by the policy, the last event ends the endpoint: enable it again afterwards
then: hookrig check-provider inbox --server `+server+`
$`)
	// The command that checks has the flags that were given, without the secrets.
	acme := filepath.Join(t.TempDir(), "acme")
	if err := os.CopyFS(acme, os.DirFS("../../fixtures/providers/standard-webhooks")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(acme, "provider.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(text), "name: standard-webhooks", "name: acme", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	stdout, _ = start(t, "check-provider", "other", "acme", "--prepare", "--server", server, "--secret", "s3cret", "--token", "t0ken", "--retry", "like stripe",
		"--url", "http://acme:p4ss@127.0.0.1/other", "--provider-dir", acme, "--tolerance", "5s", "--skip", "order=it's not", "--skip", "http-length=streamed").end(t, exitPassed)
	want(t, stdout, `then: hookrig check-provider other acme --provider-dir `+acme+` --retry 'like stripe' --secret "\$HOOKRIG_SECRET" `+
		`--server `+server+` --skip 'order=it'\\''s not' --skip http-length=streamed --token "\$HOOKRIG_TOKEN" --tolerance 5s --url "\$HOOKRIG_URL"\n$`)
	stdout, _ = start(t, "check-provider", "other", "--prepare", "--server", server, "--secret", "s3cret", "--secret", "0ld").end(t, exitPassed)
	want(t, stdout, `then: hookrig check-provider other --server `+server+`    # with the secrets in HOOKRIG_SECRET, one a line\n$`)
	send := func(id string, status int) {
		req, err := http.NewRequest("POST", capture+"/inbox", strings.NewReader(`{"id":"`+id+`"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("webhook-id", id)
		req.Header.Set("webhook-timestamp", "1614265330")
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != status {
			t.Errorf("%s got %d, want %d", id, resp.StatusCode, status)
		}
	}
	for i, status := range []int{200, 500, 503, 429, 400} {
		send(fmt.Sprint("msg_", i), status)
	}
	send("msg_1", 500)
	send("msg_0", 200)
	stdout, _ = start(t, "check-provider", "inbox", "--server", server, "--secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").end(t, exitFailed)
	want(t, stdout, `(?m)^exam of inbox, a sender of standard-webhooks events, 7 requests of 5 events$`)
	want(t, stdout, `(?m)^FAIL must: Nothing is sent again after a success  \[stop-success\]$`)
	want(t, stdout, `(?m)^WARN should: The waits between attempts are the documented ones  \[retry-schedule\]$`)

	// Nothing comes within the time limit.
	stdout, stderr := start(t, "check-provider", "other", "github", "--server", server, "--wait", "1ms").end(t, exitInconclusive)
	want(t, stdout, `nothing could be graded: the bin has no request`)
	want(t, stderr, `(?s)^`+capture+`/other is ready: let your sender send 9 different events to it.*nothing could be graded`)
}

// A file tells nothing of the time after it was written.
func TestCheckProviderReadsFilesAsOfTheirTime(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "sent.jsonl")
	text := `{"id":"c1","seq":1,"at":"2026-01-15T09:00:00Z","method":"POST","target":"/hooks","version":"HTTP/1.1","headers":[["Host","x"]],"body":"e30=","response":{"hang":true}}` + "\n"
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for after, row := range map[time.Duration]struct {
		code int
		text string
	}{
		5 * time.Second: {exitInconclusive, "inconclusive: timeout: the sender may still wait for a response"},
		time.Hour:       {exitFailed, "attempt 1 still waits for a response after 1h0m0s; documented: 10s"},
	} {
		written := time.Date(2026, 1, 15, 9, 0, 0, 0, time.UTC).Add(after)
		if err := os.Chtimes(name, written, written); err != nil {
			t.Fatal(err)
		}
		stdout, _ := start(t, "check-provider", name, "github", "--only", "timeout", "--level", "should").end(t, row.code)
		want(t, stdout, row.text)
	}
}
