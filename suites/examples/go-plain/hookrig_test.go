// What a test needs of `hookrig serve`, with Go's standard library. Copy it into your tests.

package consumer_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
)

// event is an event to send, as `hookrig send` does.
type event struct {
	Event  string         `json:"event"`
	To     string         `json:"to"`
	Secret string         `json:"secret,omitempty"`
	Set    map[string]any `json:"set,omitempty"` // members of the body, by JSON pointer
	Faults []string       `json:"faults,omitempty"`
	Seed   uint64         `json:"seed,omitempty"`
	Tenant string         `json:"tenant,omitempty"`
}

// send sends an event and checks the consumer's status: "401", "2xx".
func send(t *testing.T, provider, expect string, e event) {
	t.Helper()
	var sent struct {
		Items []struct {
			Attempts []struct {
				Status         int
				Outcome, Error string
			}
		}
	}
	call(t, http.MethodPost, "providers/"+provider+"/send", e, &sent)
	attempts := sent.Items[0].Attempts
	last := attempts[len(attempts)-1]
	got := last.Outcome
	if last.Status != 0 {
		got = fmt.Sprint(last.Status)
	}
	if got != expect && got[:1]+"xx" != expect {
		t.Fatalf("%s to %s: want %s, got %s %s", e.Event, e.To, expect, got, last.Error)
	}
}

// bin is a URL that records what is sent to it.
type bin struct{ name, url string }

// newBin returns a bin with a new name, so that tests do not disturb each other.
func newBin(t *testing.T, prefix string) bin {
	t.Helper()
	var server struct{ Capture string }
	call(t, http.MethodGet, "server", nil, &server)
	name := prefix + "-" + strings.ToLower(rand.Text()[:8])
	return bin{name, server.Capture + "/" + name}
}

// capture is a request that a bin has recorded.
type capture struct {
	Method, Target string
	Body           []byte
}

// wait returns the captures that match a jq condition, as soon as there are n of them and no other
// has come for 300 ms.
func (b bin) wait(t *testing.T, where string, n int) []capture {
	t.Helper()
	query := url.Values{"where": {where}, "count": {fmt.Sprint(n)}, "max": {fmt.Sprint(n)}, "timeout": {"5s"}, "settle": {"300ms"}}
	var waited struct {
		Matched []capture
		Reason  string
		Nearest []struct {
			Capture     capture
			Differences []string
		}
	}
	if call(t, http.MethodGet, "bins/"+b.name+"/wait?"+query.Encode(), nil, &waited) == http.StatusRequestTimeout {
		for _, near := range waited.Nearest {
			waited.Reason += fmt.Sprintf("\n  nearest: %s %s\n    %s", near.Capture.Method, near.Capture.Target, strings.Join(near.Differences, "\n    "))
		}
		t.Fatal(waited.Reason)
	}
	return waited.Matched
}

// call calls the API, decodes the response and returns its status. It skips the test without a
// server.
func call(t *testing.T, method, path string, body, result any) int {
	t.Helper()
	server := os.Getenv("HOOKRIG_SERVER")
	if server == "" {
		t.Skip("HOOKRIG_SERVER is not set: it is the address of hookrig serve, such as http://127.0.0.1:8080")
	}
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, server+"/api/v1/"+path, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if token := os.Getenv("HOOKRIG_TOKEN"); token != "" { // of a server that asks for one
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if bad := response.StatusCode >= 400 && response.StatusCode != http.StatusRequestTimeout; bad || err != nil { // 408: a wait that ran out of time
		t.Fatalf("%s %s: %s %s %v", method, path, response.Status, answer, err)
	}
	if err := json.Unmarshal(answer, result); err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return response.StatusCode
}
