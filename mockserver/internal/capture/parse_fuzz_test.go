package capture

import (
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// FuzzFields asks for every field with any value: sizes, times, statuses, jq.
func FuzzFields(f *testing.F) {
	for _, seed := range []string{"2K", "\xff", "5xx", "-14d", "2026-01-01", "99999999999999999999G", "1h1m", "é", "", "K", "\u212a"} {
		f.Add(seed)
	}
	names := []string{"larger", "smaller", "after", "before", "status", "method", "path", "header.x", "body", "bin", "provider", "verdict", "problem", "event"}
	c := &journal.Capture{Bin: "a", Message: wire.Message{Method: "POST", Target: "/a", Body: []byte("b")}}
	var text journal.Folded
	text.Read(c)
	f.Fuzz(func(_ *testing.T, value string) {
		for _, name := range names {
			for _, query := range []string{name + ":" + value, name + `:"` + strings.ReplaceAll(value, `"`, `\"`) + `"`, "-" + name + ":" + value} {
				list, err := parseTerms(query)
				if err != nil {
					continue
				}
				for i := range list {
					list[i].test(time.Unix(1e9, 0))(c, &text)
				}
			}
		}
	})
}

// FuzzTarget names bins and forwards. A bin has a name that a bin can have, whatever stands in the target.
func FuzzTarget(f *testing.F) {
	for _, seed := range []string{"/a", "//a/b?c", "/%66oo", "http://h/a", "/hooks/a", "/hooks", "/hooksa", "*", "/%2e%2e/", "/a#b", "/%"} {
		f.Add(seed, "/hooks")
	}
	f.Fuzz(func(t *testing.T, target, base string) {
		if base != "" && (base[0] != '/' || base[len(base)-1] == '/') {
			return // it comes of a URL
		}
		if name := binOf(target, base); name != "" && (!isBin(name) || name == apiName) {
			t.Fatalf("%q below %q names the bin %q", target, base, name)
		}
		ForwardURL("http://127.0.0.1:3000/hooks?x=1", target)
	})
}

// FuzzHandshake asks all handshakes at once, with and without secrets.
func FuzzHandshake(f *testing.F) {
	f.Add("GET", "/a?hub.mode=subscribe&hub.challenge=1&hub.verify_token=s", `{"type": "url_verification", "challenge": "c"}`, "X-Signature-Ed25519", "00")
	f.Add("POST", "/a?crc_token=t", `{"type": 1}`, "X-Hook-Secret", "s")
	f.Add("OPTIONS", "/a", `{"event":"endpoint.url_validation","payload":{"plainToken":"t"}}`, "WebHook-Request-Origin", "o")
	f.Add("OPTIONS", "/a", "", "WebHook-Request-Origin", "o\r\nX-Injected: 1")
	var greeters []*greeter
	for _, secret := range []string{"", "s", strings.Repeat("0a", 32)} {
		var list []Handshake
		for _, kind := range HandshakeKinds() {
			list = append(list, Handshake{Kind: kind, Secret: secret})
		}
		for _, h := range list {
			if g, err := newGreeter([]Handshake{h}); err == nil {
				greeters = append(greeters, g)
			}
		}
	}
	if len(greeters) < 5 {
		f.Fatalf("only %d handshakes", len(greeters))
	}
	f.Fuzz(func(t *testing.T, method, target, body, name, value string) {
		m := &signature.Message{Method: method, Target: target, Body: []byte(body), Headers: signature.Headers{{Name: name, Value: value}}}
		for _, g := range greeters {
			if a := g.answer(m); a != nil {
				head := string(a.appendHead(nil, &request{}, time.Unix(0, 0), "", true))
				if lines := strings.Count(head, "\n"); lines != strings.Count(head, "\r\n") || strings.Contains(strings.TrimSuffix(head, "\r\n\r\n"), "\r\n\r\n") {
					t.Fatalf("the answer's head is %q", head)
				}
			}
		}
	})
}

// FuzzRetryAfter reads the line that a response names a time in.
func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"120", "Fri, 31 Dec 1999 23:59:59 GMT", "-1", "99999999999", "1e9", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		c := &journal.Capture{Response: &journal.Response{Lines: signature.Headers{{Name: "Retry-After", Value: value}}}, At: time.Unix(1e9, 0)}
		if d := retryAfter(c); d < 0 {
			t.Fatalf("%q waits %s", value, d)
		}
	})
}
