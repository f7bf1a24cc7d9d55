package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
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
then: hookrig check-provider inbox
$`)
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
