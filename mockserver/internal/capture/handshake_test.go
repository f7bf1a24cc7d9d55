package capture_test

import (
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

func TestHandshakes(t *testing.T) {
	t.Parallel()
	s, _ := start(t)
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	ping := `{"application_id":"1","type":1,"token":"t","version":1}`
	signed := "X-Signature-Timestamp: 1700000000\r\nX-Signature-Ed25519: " + hex.EncodeToString(ed25519.Sign(private, []byte("1700000000"+ping))) + "\r\n"
	key := hex.EncodeToString(public)
	jsonType, textType := map[string]string{"Content-Type": "application/json"}, map[string]string{"Content-Type": "text/plain"}
	scripted := journal.Response{Status: 418}
	for i, tt := range []struct {
		name, kind, secret  string
		method, query, line string
		body                string
		want                journal.Response
	}{
		{name: "slack", kind: "slack", body: `{"token":"x","challenge":"123","type":"url_verification"}`, want: journal.Response{Status: 200, Headers: textType, Body: "123"}},
		{name: "slack's event", kind: "slack", body: `{"type":"event_callback","challenge":"123"}`, want: scripted},
		{name: "slack without a challenge", kind: "slack", body: `{"type":"url_verification"}`, want: scripted},
		{name: "discord's interactions", kind: "discord", body: ping, want: journal.Response{Status: 200, Headers: jsonType, Body: `{"type":1}`}},
		{name: "discord's webhook events", kind: "discord", body: `{"version":1,"application_id":"1","type":0}`, want: journal.Response{Status: 204, Headers: jsonType}},
		{name: "an event of discord", kind: "discord", body: `{"version":1,"type":1,"event":{"type":"APPLICATION_AUTHORIZED"}}`, want: scripted},
		{name: "a command of discord", kind: "discord", body: `{"type":2}`, want: scripted},
		{name: "discord, signed", kind: "discord", secret: key, line: signed, body: ping, want: journal.Response{Status: 200, Headers: jsonType, Body: `{"type":1}`}},
		{name: "discord, not signed", kind: "discord", secret: key, body: ping, want: journal.Response{Status: 401, Body: "invalid request signature"}},
		{name: "discord, another body", kind: "discord", secret: key, line: signed, body: ping + " ", want: journal.Response{Status: 401, Body: "invalid request signature"}},
		{name: "meta", kind: "meta", method: "GET", query: "?hub.mode=subscribe&hub.challenge=11%2058&hub.verify_token=any", want: journal.Response{Status: 200, Headers: textType, Body: "11 58"}},
		{name: "meta, right token", kind: "meta", secret: "a b", method: "GET", query: "?hub.mode=subscribe&hub.verify_token=a+b&hub.challenge=1", want: journal.Response{Status: 200, Headers: textType, Body: "1"}},
		{name: "meta, wrong token", kind: "meta", secret: "a", method: "GET", query: "?hub.mode=subscribe&hub.verify_token=b&hub.challenge=1", want: journal.Response{Status: 403, Body: "hub.verify_token is not this bin's"}},
		{name: "meta, unsubscribe", kind: "meta", method: "GET", query: "?hub.mode=unsubscribe&hub.verify_token=b&hub.challenge=1", want: scripted},
		{name: "meta's event", kind: "meta", query: "?hub.mode=subscribe&hub.verify_token=b&hub.challenge=1", want: scripted},
		// printf a | openssl dgst -sha256 -hmac key -binary | base64
		{name: "twitter", kind: "twitter", secret: "key", method: "GET", query: "?crc_token=a&nonce=b", want: journal.Response{Status: 200, Headers: jsonType, Body: `{"response_token":"sha256=HMAC"}`}},
		{name: "twitter's event", kind: "twitter", secret: "key", query: "?crc_token=a", want: scripted},
		{
			name: "cloudevents", kind: "cloudevents", method: "OPTIONS", line: "webhook-request-origin: eventemitter.example.com\r\nWebHook-Request-Rate: 120\r\n",
			want: journal.Response{Status: 200, Headers: map[string]string{"Allow": "POST", "WebHook-Allowed-Origin": "eventemitter.example.com", "WebHook-Allowed-Rate": "120"}},
		},
		{
			name: "cloudevents, any rate", kind: "cloudevents", method: "OPTIONS", line: "WebHook-Request-Origin: a.example\r\n",
			want: journal.Response{Status: 200, Headers: map[string]string{"Allow": "POST", "WebHook-Allowed-Origin": "a.example", "WebHook-Allowed-Rate": "*"}},
		},
		{name: "a browser's OPTIONS", kind: "cloudevents", method: "OPTIONS", line: "Origin: http://a.example\r\n", want: scripted},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			bin := fmt.Sprintf("greets-%d", i)
			configure(t, s, bin, capture.Settings{
				Handshakes: []capture.Handshake{{Kind: tt.kind, Secret: tt.secret}},
				Responses:  capture.Script{Sequence: []journal.Response{{Status: 418}, {Status: 500}}},
			})
			if tt.method == "" {
				tt.method = "POST"
			}
			raw := fmt.Sprintf("%s /%s/x%s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %d\r\n\r\n%s", tt.method, bin, tt.query, tt.line, len(tt.body), tt.body)
			response := send(t, s, raw)
			tt.want.Body = strings.Replace(tt.want.Body, "HMAC", "eAw9tM495bnlWBb7qY9ZBjHZbAdScbJpdiONX0REIZs=", 1)
			if got := status(response); got != fmt.Sprint(tt.want.Status) || !strings.HasSuffix(response, "\r\n\r\n"+tt.want.Body) {
				t.Errorf("response %q", response)
			}
			c := only(t, s, bin)
			if diff := cmp.Diff(&tt.want, c.Response); diff != "" {
				t.Errorf("recorded response (-want +got):\n%s", diff)
			}
			if string(c.Body) != tt.body {
				t.Errorf("recorded body %q", c.Body)
			}
			want := 418 // a handshake takes no response from the sequence
			if tt.want.Status == 418 {
				want = 500
			}
			if got := post(t, s.URL()+"/"+bin, ""); got != want {
				t.Errorf("the next request: %d, want %d", got, want)
			}
		})
	}
}

// A bin that forwards answers handshakes itself, and rules do not come before them.
func TestHandshakeOfABinThatForwards(t *testing.T) {
	t.Parallel()
	consumer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(202) }))
	defer consumer.Close()
	guard, err := wire.NewGuard(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &wire.Client{Dial: guard.Dial}
	defer client.CloseIdle()
	s, _ := start(t, func(o *capture.Options) { o.Wire = client })
	both := []capture.Handshake{{Kind: "slack"}, {Kind: "meta", Secret: "t"}}
	configure(t, s, "f", capture.Settings{Handshakes: both, Forward: consumer.URL})
	configure(t, s, "r", capture.Settings{Handshakes: both, Responses: capture.Script{Rules: []capture.Rule{{Where: "true", Response: journal.Response{Status: 202}}}}})
	for _, bin := range []string{"f", "r"} {
		if got := post(t, s.URL()+"/"+bin, `{"type":"url_verification","challenge":"c"}`); got != 200 {
			t.Errorf("%s: handshake: %d", bin, got)
		}
		if got := post(t, s.URL()+"/"+bin, `{"type":"event_callback"}`); got != 202 {
			t.Errorf("%s: event: %d", bin, got)
		}
	}
}
