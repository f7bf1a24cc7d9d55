package capture_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

func TestSettingsSurviveARestart(t *testing.T) {
	t.Parallel()
	store := journal.NewMemory(journal.MemoryOptions{})
	defer store.Close()
	run := func(f func(*capture.Server)) {
		t.Helper()
		s, err := capture.Start(t.Context(), capture.Options{Store: store})
		if err != nil {
			t.Fatal(err)
		}
		f(s)
		if err := s.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	set := capture.Settings{Responses: capture.Script{
		Sequence: []journal.Response{{Status: 503, Headers: map[string]string{"Retry-After": "7"}}, {Delay: journal.Duration(time.Microsecond)}},
		By:       "delivery", Loop: true,
		Rules: []capture.Rule{
			{Where: `.method == "PUT"`, Response: journal.Response{Status: 418}},
			{Where: `.method == "GET"`, Sequence: []journal.Response{{Status: 404, Lines: signature.Headers{{Name: "A", Value: "b"}}}, {}}, By: "delivery", Loop: true},
		},
	}, Handshakes: []capture.Handshake{{Kind: "twitter", Secret: "s"}, {Kind: "slack"}}}
	run(func(s *capture.Server) {
		configure(t, s, "kept", set)
		configure(t, s, "gone", set)
		configure(t, s, "gone", capture.Settings{})
		// The server does not see later changes of the caller's value.
		given := set.Responses.Sequence[0].Headers
		given["Retry-After"] = "9"
		if got, err := s.Settings(t.Context(), "kept"); err != nil || got.Responses.Sequence[0].Headers["Retry-After"] != "7" {
			t.Errorf("settings %+v, %v", got, err)
		}
		given["Retry-After"] = "7"
	})
	run(func(s *capture.Server) {
		got, err := s.Settings(t.Context(), "kept")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(set, got); diff != "" {
			t.Errorf("settings (-want +got):\n%s", diff)
		}
		if code := post(t, s.URL()+"/kept", "x"); code != 503 {
			t.Errorf("first turn: %d", code)
		}
		if got := status(send(t, s, "PUT /kept HTTP/1.1\r\nHost: x\r\n\r\n")); got != "418" {
			t.Errorf("rule: %s", got)
		}
		if got, err := s.Settings(t.Context(), "gone"); err != nil || !cmp.Equal(got, capture.Settings{}) {
			t.Errorf("settings that were taken back: %+v, %v", got, err)
		}
		if code := post(t, s.URL()+"/gone", ""); code != 200 {
			t.Errorf("bin whose settings were taken back: %d", code)
		}
	})
}

func TestSettingsThatCannotBeUsedAnyMore(t *testing.T) {
	t.Parallel()
	store := journal.NewMemory(journal.MemoryOptions{})
	defer store.Close()
	if err := store.Put(t.Context(), "bin", "old", []byte(`{"provider":"gone","secrets":["s"]}`)); err != nil {
		t.Fatal(err)
	}
	s, _ := start(t, func(o *capture.Options) { o.Store = store })
	if code := post(t, s.URL()+"/old", ""); code != 200 {
		t.Errorf("status %d", code)
	}
	if got := only(t, s, "old"); got.Verification != nil {
		t.Errorf("verification %+v", got.Verification)
	}
}

func TestConfigureRefuses(t *testing.T) {
	t.Parallel()
	s, store := start(t)
	sequence := func(r journal.Response) capture.Settings {
		return capture.Settings{Responses: capture.Script{Sequence: []journal.Response{{}, r}}}
	}
	rule := func(where string) capture.Settings {
		return capture.Settings{Responses: capture.Script{Rules: []capture.Rule{{Where: where}}}}
	}
	for _, tt := range []struct {
		name, bin string
		set       capture.Settings
		want      string
	}{
		{"bin", "a/b", capture.Settings{}, `invalid bin "a/b": want 1 to 128 letters, digits, "-", "_" or ".", not a "." first`},
		{"status", "b", sequence(journal.Response{Status: 101}), "bin b: invalid: response 2: status 101: want 200 to 999"},
		{"delay", "b", sequence(journal.Response{Delay: -1}), "bin b: invalid: response 2: delay -1ns: want 0s to 10m0s"},
		{"hang and reset", "b", sequence(journal.Response{Hang: true, Reset: true}), "bin b: invalid: response 2: hang and reset: want one of them"},
		{"hang and status", "b", sequence(journal.Response{Hang: true, Status: 500}), "bin b: invalid: response 2: a response that hangs or resets has no status, headers or body"},
		{"hang and lines", "b", sequence(journal.Response{Hang: true, Lines: signature.Headers{{Name: "A"}}}), "bin b: invalid: response 2: a response that hangs or resets has no status, headers or body"},
		{"drip", "b", sequence(journal.Response{Drip: journal.Duration(time.Hour)}), "bin b: invalid: response 2: drip 1h0m0s: want 0s to 10m0s"},
		{"cut", "b", sequence(journal.Response{Cut: "tail"}), `bin b: invalid: response 2: cut "tail": want "head" or "body", where the connection is reset`},
		{"cut without a body", "b", sequence(journal.Response{Cut: "body"}), "bin b: invalid: response 2: drip, or cut in the body: the response has no body; add one"},
		{"drip without a body", "b", sequence(journal.Response{Status: 204, Body: "x", Drip: 1}), "bin b: invalid: response 2: drip, or cut in the body: the response has no body; add one"},
		{"drip of a head", "b", sequence(journal.Response{Body: "x", Drip: 1, Cut: "head"}), "bin b: invalid: response 2: drip and cut in the head: the body is never sent; use one of them"},
		{"line", "b", sequence(journal.Response{Lines: signature.Headers{{Name: "X", Value: "a\r\nb"}}}), `bin b: invalid: response 2: header X: "a\r\nb" holds a line end`},
		{"header name", "b", sequence(journal.Response{Headers: map[string]string{"X Y": ""}}), `bin b: invalid: response 2: header "X Y": want a name such as "Retry-After"`},
		{"header value", "b", sequence(journal.Response{Headers: map[string]string{"X": "a\nb"}}), `bin b: invalid: response 2: header X: "a\nb" holds a line end`},
		{"by", "b", capture.Settings{Responses: capture.Script{Sequence: []journal.Response{{}}, By: "event"}}, `bin b: invalid: responses by "event": want "delivery", or nothing to share them within the bin`},
		{"nothing in turn", "b", capture.Settings{Responses: capture.Script{Loop: true}}, "bin b: invalid: loop or by without a sequence: there is nothing to repeat"},
		{"a delivery without responses", "b", capture.Settings{Responses: capture.Script{Deliveries: [][]journal.Response{{{}}, {}}}}, "bin b: invalid: delivery 2: want 1 response or more, and at most 10000 for all deliveries"},
		{"a delivery's response", "b", capture.Settings{Responses: capture.Script{Deliveries: [][]journal.Response{{{Status: 7}}}}}, "bin b: invalid: delivery 1: response 1: status 7: want 200 to 999"},
		{"no condition", "b", rule(""), `bin b: invalid: rule 1: no condition: want one such as .method == "POST"`},
		{"condition", "b", rule(".method = = 1"), `bin b: rule 1: invalid condition ".method = = 1": line 1, column 11: unexpected token "=": want a jq condition such as .method == "POST" and .body.id == 7`},
		{"rule's turn", "b", capture.Settings{Responses: capture.Script{Rules: []capture.Rule{{Where: "true", Sequence: []journal.Response{{}, {Status: 7}}}}}}, "bin b: invalid: rule 1: response 2: status 7: want 200 to 999"},
		{"rule's by", "b", capture.Settings{Responses: capture.Script{Rules: []capture.Rule{{Where: "true", By: "delivery"}}}}, "bin b: invalid: rule 1: loop or by without a sequence: there is nothing to repeat"},
		{"rule with both", "b", capture.Settings{Responses: capture.Script{Rules: []capture.Rule{{Where: "true", Sequence: []journal.Response{{}}, Response: journal.Response{Body: "x"}}}}}, "bin b: invalid: rule 1: a response and a sequence: want one of them"},
		{"handshake", "b", capture.Settings{Handshakes: []capture.Handshake{{Kind: "slak"}}}, `bin b: invalid: handshake "slak": want one of slack, discord, meta, twitter, cloudevents`},
		{"handshake without its secret", "b", capture.Settings{Handshakes: []capture.Handshake{{Kind: "twitter"}}}, `bin b: invalid: handshake twitter: it needs a secret, as in {"kind": "twitter", "secret": "…"}`},
		{"handshake with a secret", "b", capture.Settings{Handshakes: []capture.Handshake{{Kind: "slack", Secret: "s"}}}, "bin b: invalid: handshake slack: it takes no secret: remove it"},
		{"handshake with no key", "b", capture.Settings{Handshakes: []capture.Handshake{{Kind: "discord", Secret: "abcd"}}}, "bin b: invalid: handshake discord: the secret is the application's public key: want 64 hexadecimal digits"},
		{"handshake twice", "b", capture.Settings{Handshakes: []capture.Handshake{{Kind: "slack"}, {Kind: "slack"}}}, "bin b: invalid: handshake slack is listed twice: list it once"},
		{"secrets alone", "b", capture.Settings{Secrets: []string{"s"}}, "bin b: invalid: secrets or a URL without a provider: name the provider that signs"},
		{"no catalogue", "b", capture.Settings{Provider: "p"}, `bin b: invalid: provider "p": this server was started without a catalogue`},
	} {
		err := s.Configure(t.Context(), tt.bin, tt.set)
		if !errors.Is(err, capture.ErrInvalid) || err.Error() != tt.want {
			t.Errorf("%s:\ngot  %v\nwant %s", tt.name, err, tt.want)
		}
	}
	if kept, err := store.List(t.Context(), "bin"); err != nil || len(kept) > 0 {
		t.Errorf("%d documents kept, %v", len(kept), err)
	}
}

// A store that fails leaves the bin unchanged.
func TestConfigureWithoutStore(t *testing.T) {
	t.Parallel()
	s, store := start(t)
	configure(t, s, "b", capture.Settings{Responses: script("first")})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Configure(ctx, "b", capture.Settings{Responses: script("second")}); !errors.Is(err, context.Canceled) {
		t.Errorf("Configure: %v", err)
	}
	if got := send(t, s, "GET /b HTTP/1.1\r\nHost: x\r\n\r\n"); !strings.HasSuffix(got, "first") {
		t.Errorf("response %q", got)
	}
	if doc, err := store.Get(t.Context(), "bin", "b"); err != nil || !strings.Contains(string(doc), "first") {
		t.Errorf("document %s, %v", doc, err)
	}
}
