package replay_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/replay"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

const captured = "POST /inbox?a=1 HTTP/1.1\r\nhOST: 127.0.0.1:1\r\nX-B: 1\r\nX-A: 1\r\nx-a: 2\r\nX-Neostore-Signature: old\r\nContent-Length: 41\r\n\r\n" +
	`{"n":12345678901234567890,"s":"a\/b"}` + "    "

var when = time.Date(2026, 1, 15, 9, 0, 0, 0, time.UTC)

func parse(t *testing.T, raw string) wire.Message {
	t.Helper()
	m, err := wire.ParseRequest([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func text(s string) *string { return &s }

func gzipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, text) // to memory: neither fails
	_ = w.Close()
	return b.String()
}

func TestApply(t *testing.T) {
	t.Parallel()
	neostore, err := fixtures.Builtin().Provider("neostore")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change replay.Change
		swaps  []string // old, new in the request
	}{
		"nothing": {},
		"a member, the rest as it is written": {
			replay.Change{Set: []fixtures.Setting{{Pointer: "/n", Value: []byte("1.0")}}},
			[]string{"12345678901234567890", "1.0", "Content-Length: 41", "Content-Length: 24"},
		},
		"method, header lines": {
			replay.Change{Method: "PUT", Headers: []replay.Header{{"x-a", text("3")}, {"X-B", nil}, {"X-A", text("4")}, {"New", text("")}}},
			[]string{"POST", "PUT", "X-B: 1\r\n", "", "X-A: 1\r\nx-a: 2\r\n", "x-a: 3\r\n", "Length: 41\r\n", "Length: 41\r\nX-A: 4\r\nNew: \r\n"},
		},
		"a body, and a length that is wrong on purpose": {
			replay.Change{Body: []byte{}, Headers: []replay.Header{{"Content-Length", text("7")}}},
			[]string{`{"n":12345678901234567890,"s":"a\/b"}` + "    ", "", "Content-Length: 41", "Content-Length: 7"},
		},
	} {
		m := parse(t, captured)
		got, _, err := c.change.Apply(m, "http://127.0.0.1:2/out", when, when)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := strings.NewReplacer(append(c.swaps, "/inbox?a=1", "/out", "127.0.0.1:1", "127.0.0.1:2")...).Replace(captured)
		if text := string(wire.Append(nil, got)); text != want {
			t.Errorf("%s:\n got %q\nwant %q", name, text, want)
		}
		if again := string(wire.Append(nil, m)); again != captured {
			t.Errorf("%s: the capture was changed: %q", name, again)
		}
	}

	bare, _, err := (&replay.Change{}).Apply(parse(t, "PUT /a HTTP/2.0\nA: 1\n\nhi"), "http://127.0.0.1:2/out?b=%20", when, when)
	if want := "PUT /out?b=%20 HTTP/1.1\r\nA: 1\r\nHost: 127.0.0.1:2\r\nContent-Length: 2\r\n\r\nhi"; err != nil || string(wire.Append(nil, bare)) != want {
		t.Errorf("without a length: %q, %v", wire.Append(nil, bare), err)
	}

	c := replay.Change{Resign: &replay.Resign{Provider: neostore, Secrets: []string{"s"}}}
	got, _, err := c.Apply(parse(t, captured), "http://127.0.0.1:2/out", when, when)
	if err != nil {
		t.Fatal(err)
	}
	if v := neostore.Signing.Verify(got, signature.Context{Time: when}, "s"); v.Verdict != signature.Valid {
		t.Errorf("signed again: %s %s", v.Verdict, v.Explanation)
	}
	if line := got.Headers[4]; line.Name != "X-Neostore-Signature" || string(got.Body) != string(parse(t, captured).Body) || got.Headers[3].Name != "x-a" {
		t.Errorf("signed again: line %v, body %q", got.Headers, got.Body)
	}
}

// TestResignIsFresh checks that a scheme that signs time, id and address gets all three.
func TestResignIsFresh(t *testing.T) {
	t.Parallel()
	p := &fixtures.Provider{Name: "standard", Signing: signature.Scheme{
		Signatures: []signature.Signature{{
			Alg: "hmac-sha256", Encode: "base64",
			Content: signature.Content{Parts: []string{"${id}", ".", "${ts}", ".", "${body}", "${registered_url}"}},
			Emit: []signature.Emit{
				{Header: "webhook-id", Value: "${id}"},
				{Header: "webhook-timestamp", Value: "${ts}"},
				{Header: "webhook-signature", Value: "v1,${sig}"},
			},
		}},
		Timestamp: signature.Timestamp{Tolerance: 5 * time.Minute},
	}}
	m := parse(t, "POST /in HTTP/1.1\r\nHost: h\r\nwebhook-id: msg_1\r\nwebhook-timestamp: 1\r\nwebhook-signature: v1,x\r\nContent-Length: 2\r\n\r\n{}")
	c := replay.Change{Resign: &replay.Resign{Provider: p, Secrets: []string{"s"}, URL: "https://example.org/in"}}
	got, _, err := c.Apply(m, "http://127.0.0.1:2/out", when, when.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	about := signature.Context{Time: when.Add(time.Hour), RegisteredURL: "https://example.org/in"}
	if v := p.Signing.Verify(got, about, "s"); v.Verdict != signature.Valid || got.Headers.Get("webhook-id") != "msg_1" {
		t.Errorf("%s %s: %v", v.Verdict, v.Explanation, got.Headers)
	}
}

func TestApplyRefuses(t *testing.T) {
	t.Parallel()
	ethpass, _ := fixtures.Builtin().Provider("ethpass")
	neostore, _ := fixtures.Builtin().Provider("neostore")
	for want, c := range map[string]replay.Change{
		`method "PO ST"`:          {Method: "PO ST"},
		`header "a b"`:            {Headers: []replay.Header{{"a b", text("1")}}},
		"a value is one line":     {Headers: []replay.Header{{"a", text("1\r\nb: 2")}}},
		`there is no "a"`:         {Set: []fixtures.Setting{{Pointer: "/a/b", Value: []byte("1")}}},
		"the body is not JSON":    {Body: []byte("{"), Set: []fixtures.Setting{{Pointer: "/a", Value: []byte("1")}}},
		"signing for neostore":    {Resign: &replay.Resign{Provider: neostore}},
		"hub does not sign":       {Resign: &replay.Resign{Provider: &fixtures.Provider{Name: "hub"}}},
		`url "/hooks"`:            {Method: "GET"},
		`url "ftp://127.0.0.1/x"`: {Resign: &replay.Resign{Provider: ethpass}},
	} {
		to := "http://127.0.0.1:2/"
		if quoted, ok := strings.CutPrefix(want, `url "`); ok {
			to = strings.TrimSuffix(quoted, `"`)
		}
		_, _, err := c.Apply(parse(t, captured), to, when, when)
		if !errors.Is(err, replay.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want ErrInvalid with %q", err, want)
		}
	}
}
