package delivery

import (
	"math/rand/v2"
	"testing"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/fault"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// body:tamper changes what the signature covers, if it covers anything of the body, and never what
// the scheme itself writes there.
func TestTamperGoesByWhatIsCovered(t *testing.T) {
	t.Parallel()
	// Mailgun signs a time and a token, and writes all three into the body.
	mailgun := signature.Scheme{
		Signatures: []signature.Signature{{
			Alg: "hmac-sha256", Content: signature.Content{Parts: []string{"${ts}", "${nonce}"}},
			Emit: []signature.Emit{
				{Body: "/signature/timestamp", Value: "${ts}"}, {Body: "/signature/token", Value: "${nonce}"}, {Body: "/signature/signature", Value: "${sig}"},
			},
		}},
		Timestamp: signature.Timestamp{Unit: "s", Of: "event"},
	}
	// Adyen signs some fields of each item.
	adyen := signature.Scheme{Signatures: []signature.Signature{{
		Alg: "hmac-sha256", Scope: "/items/*/item", Content: signature.Content{Fields: []string{"/psp", "/amount/value"}, Join: ":"}, Encode: "base64",
		Emit: []signature.Emit{{Body: "/data/hmac", Value: "${sig}"}},
	}}}
	for name, c := range map[string]struct {
		scheme  signature.Scheme
		body    string
		verdict signature.Verdict
		members []string // that may be changed
	}{
		"nothing of the body": {mailgun, `{"event-data":{"event":"delivered","id":"CPg","n":7}}`, signature.Valid, []string{"/event-data/event", "/event-data/id", "/event-data/n"}},
		"some fields":         {adyen, `{"live":"false","reason":"a long text that is not signed at all","items":[{"item":{"psp":"A1","amount":{"value":1130,"currency":"EUR"}}},{"item":{"psp":"A2","amount":{"value":5}}}]}`, signature.Mismatch, []string{"/items/0/item/psp", "/items/0/item/amount/value", "/items/1/item/psp", "/items/1/item/amount/value"}},
	} {
		p := *knownProvider(t, "neostore")
		p.Signing = c.scheme
		config, err := newEndpointConfig(&p, journal.Endpoint{URL: "http://127.0.0.1/in", Secrets: []string{"secret"}})
		if err != nil {
			t.Fatal(err)
		}
		event := &fixtures.Event{Name: "Pass:Created", ID: "ID", Body: []byte(c.body), At: fixtures.DefaultStart}
		seen := map[string]bool{}
		for seed := range uint64(100) {
			tamper, err := fault.NewSet([]Fault{parseFault(t, "body:tamper")})
			if err != nil {
				t.Fatal(err)
			}
			r, err := config.newRequest("http://127.0.0.1/in", event, tamper, 1, fixtures.DefaultStart, fixtures.DefaultStart, func() *rand.Rand { return generator(seed, "test", 0) })
			if err != nil {
				t.Fatal(err)
			}
			seen[fault.Changed(event.Body, r.Message.Body)] = true
			if v := p.Signing.Verify(r.Message, signature.Context{URL: "http://127.0.0.1/in", Time: fixtures.DefaultStart}, "secret"); v.Verdict != c.verdict {
				t.Fatalf("%s: %+v\n%s", name, v, r.Message.Body)
			}
		}
		for _, member := range c.members {
			if !seen[member] {
				t.Errorf("%s: %s was never changed", name, member)
			}
			delete(seen, member)
		}
		if len(seen) > 0 {
			t.Errorf("%s: changed %v", name, seen)
		}
	}
}
