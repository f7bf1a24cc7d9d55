package capture_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// signed is the request of a provider's first event, as it is sent to a bin.
func signed(t *testing.T, p *fixtures.Provider, url, secret string) wire.Message {
	t.Helper()
	e, err := p.Render(fixtures.Draw{Seed: 1}, p.Events[0].Name, fixtures.RenderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	m, err := p.Message(url, e, now)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Signing.Sign(&m, signature.Context{ID: e.ID, URL: url, Time: now, EventTime: e.At}, secret); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestVerificationOnArrival(t *testing.T) {
	t.Parallel()
	s, _ := start(t, func(o *capture.Options) { o.Catalogue = fixtures.Builtin() })
	for _, p := range fixtures.Builtin().Providers() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			const secret, other = "s3cret-of-this-test", "another-secret"
			configure(t, s, p.Name, capture.Settings{Provider: p.Name, Secrets: []string{other, secret}})
			whole := signed(t, p, s.URL()+"/"+p.Name, secret)
			foreign := signed(t, p, s.URL()+"/"+p.Name, "a-secret-nobody-knows")
			bare := whole.Clone()
			for _, e := range p.Signing.Signatures[0].Emit {
				bare.Headers.Del(e.Header)
			}
			tampered := whole.Clone()
			tampered.Body[len(tampered.Body)/2] ^= 1
			for _, tt := range []struct {
				name    string
				message wire.Message
				want    signature.Verdict
			}{
				{"whole", whole, signature.Valid},
				{"another secret", foreign, signature.Mismatch},
				{"bare", bare, signature.Missing},
				{"tampered", tampered, map[bool]signature.Verdict{true: signature.Mismatch, false: signature.Valid}[len(p.Signing.Covers) > 0]},
			} {
				send(t, s, string(wire.Append(nil, tt.message)))
				all := captures(t, s, p.Name)
				got := all[len(all)-1].Verification
				if got == nil || got.Provider != p.Name || got.Verdict != signature.Verdict(tt.want) {
					t.Fatalf("%s: %+v, want %s", tt.name, got, tt.want)
				}
				if got.Explanation == "" && tt.want != signature.Valid {
					t.Errorf("%s: %s without explanation", tt.name, got.Verdict)
				}
			}
			for i, want := range []string{"valid", "mismatch"} { // the same, requested later
				if got := capture.Verify(p, captures(t, s, p.Name)[i], "", secret); got.Verdict != signature.Verdict(want) {
					t.Errorf("Verify of capture %d: %+v, want %s", i, got, want)
				}
			}
		})
	}
}

// The explanation names the mistake when a small change would make the signature valid.
func TestVerificationExplains(t *testing.T) {
	t.Parallel()
	s, _ := start(t, func(o *capture.Options) { o.Catalogue = fixtures.Builtin() })
	configure(t, s, "b", capture.Settings{Provider: "neostore", Secrets: []string{"s"}})
	p, err := fixtures.Builtin().Provider("neostore")
	if err != nil {
		t.Fatal(err)
	}
	m := signed(t, p, s.URL()+"/b", "s")
	m.Body = append(m.Body, '\n')
	m.Headers.Set("Content-Length", strconv.Itoa(len(m.Body)))
	send(t, s, string(wire.Append(nil, m)))
	if got := only(t, s, "b").Verification; got == nil || got.Verdict != "mismatch" || !strings.Contains(got.Explanation, "valid if you") {
		t.Errorf("got %+v", got)
	}
}

// An incomplete request is checked, but its result is not explained.
func TestVerificationOfIncompleteRequests(t *testing.T) {
	t.Parallel()
	s, _ := start(t, func(o *capture.Options) { o.Catalogue = fixtures.Builtin() })
	configure(t, s, "b", capture.Settings{Provider: "neostore", Secrets: []string{"s"}})
	p, err := fixtures.Builtin().Provider("neostore")
	if err != nil {
		t.Fatal(err)
	}
	raw := string(wire.Append(nil, signed(t, p, s.URL()+"/b", "s")))
	send(t, s, raw[:len(raw)-1])
	if got := only(t, s, "b").Verification; got == nil || got.Verdict != "mismatch" || !strings.HasSuffix(got.Explanation, "; the request is incomplete") {
		t.Errorf("got %+v", got)
	}
}

// A scheme that signs the address is verified with the registered one, not with the server's.
func TestVerifyWithTheRegisteredURL(t *testing.T) {
	t.Parallel()
	p := &fixtures.Provider{Name: "urls", Signing: signature.Scheme{Signatures: []signature.Signature{{
		Alg: "hmac-sha256", Content: signature.Content{Parts: []string{"${url}", "${registered_url}", "${body}"}},
		Emit: []signature.Emit{{Header: "X-Sig", Value: "${sig}"}},
	}}}}
	if err := p.Signing.Check(); err != nil {
		t.Fatal(err)
	}
	const registered = "https://hooks.example.org/bin"
	c := journal.Capture{Message: wire.Message{
		Method: "POST", Target: "/bin?tries=2", Version: "HTTP/1.1", Headers: signature.Headers{{Name: "Host", Value: "127.0.0.1:1"}}, Body: []byte("x"),
	}}
	if err := p.Signing.Sign(&c.Message, signature.Context{URL: registered + "?tries=2", RegisteredURL: registered}, "s"); err != nil {
		t.Fatal(err)
	}
	if got := capture.Verify(p, c, registered, "s"); got.Verdict != "valid" {
		t.Errorf("%+v", got)
	}
	if got := capture.Verify(p, c, "", "s"); got.Verdict != "mismatch" {
		t.Errorf("without the address: %+v", got)
	}
}

func TestConfigureRefusesUnknownProviders(t *testing.T) {
	t.Parallel()
	s, _ := start(t, func(o *capture.Options) { o.Catalogue = fixtures.Builtin() })
	err := s.Configure(t.Context(), "b", capture.Settings{Provider: "neostor"})
	if !errors.Is(err, capture.ErrInvalid) || !errors.Is(err, fixtures.ErrUnknownProvider) || !strings.Contains(err.Error(), "neostore") {
		t.Errorf("%v", err)
	}
	err = s.Configure(t.Context(), "b", capture.Settings{Provider: "neostore", URL: "/hooks"})
	if !errors.Is(err, capture.ErrInvalid) || !strings.Contains(err.Error(), `url "/hooks": want a full URL`) {
		t.Errorf("%v", err)
	}
}
