package capture

import (
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// FuzzTarget names bins and forwards. The name of a bin is valid, whatever the target contains.
func FuzzTarget(f *testing.F) {
	for _, seed := range []string{"/a", "//a/b?c", "/%66oo", "http://h/a", "/hooks/a", "/hooks", "/hooksa", "*", "/%2e%2e/", "/a#b", "/%"} {
		f.Add(seed, "/hooks")
	}
	f.Fuzz(func(t *testing.T, target, base string) {
		if base != "" && (base[0] != '/' || base[len(base)-1] == '/') {
			return // it comes from a URL
		}
		if name := binOf(target, base); name != "" && (!journal.IsBin(name) || name == journal.ReservedBin) {
			t.Fatalf("%q below %q names the bin %q", target, base, name)
		}
		ForwardURL("http://127.0.0.1:3000/hooks?x=1", target)
	})
}

// FuzzHandshake sends each request to all handshakes, with and without secrets.
func FuzzHandshake(f *testing.F) {
	f.Add("GET", "/a?hub.mode=subscribe&hub.challenge=1&hub.verify_token=s", `{"type": "url_verification", "challenge": "c"}`, "X-Signature-Ed25519", "00")
	f.Add("POST", "/a?crc_token=t", `{"type": 1}`, "X-Hook-Secret", "s")
	f.Add("OPTIONS", "/a", `{"event":"endpoint.url_validation","payload":{"plainToken":"t"}}`, "WebHook-Request-Origin", "o")
	f.Add("OPTIONS", "/a", "", "WebHook-Request-Origin", "o\r\nX-Injected: 1")
	var handshakers []*handshaker
	for _, secret := range []string{"", "s", strings.Repeat("0a", 32)} {
		var list []Handshake
		for _, kind := range HandshakeKinds() {
			list = append(list, Handshake{Kind: kind, Secret: secret})
		}
		for _, h := range list {
			if g, err := newHandshaker([]Handshake{h}); err == nil {
				handshakers = append(handshakers, g)
			}
		}
	}
	if len(handshakers) < 5 {
		f.Fatalf("only %d handshakes", len(handshakers))
	}
	f.Fuzz(func(t *testing.T, method, target, body, name, value string) {
		m := &signature.Message{Method: method, Target: target, Body: []byte(body), Headers: signature.Headers{{Name: name, Value: value}}}
		for _, g := range handshakers {
			if a := g.answer(m); a != nil {
				head := string(a.appendHead(nil, &request{}, time.Unix(0, 0), "", true))
				if lines := strings.Count(head, "\n"); lines != strings.Count(head, "\r\n") || strings.Contains(strings.TrimSuffix(head, "\r\n\r\n"), "\r\n\r\n") {
					t.Fatalf("the answer's head is %q", head)
				}
			}
		}
	})
}
