package outbound_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/outbound"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

const url = "http://127.0.0.1:1/hooks"

// A request equals the provider's, and its signature is valid; unsigned, it is the same without
// one.
func TestBuilder(t *testing.T) {
	t.Parallel()
	p, err := fixtures.Builtin().Provider("neostore")
	if err != nil {
		t.Fatal(err)
	}
	e := &fixtures.Event{ID: "e-1", Name: "Pass:Created", Tenant: "acme", At: time.Date(2026, 1, 15, 9, 0, 0, 0, time.UTC), Body: []byte(`{"a":1}`)}
	triggered, stamp := e.At.Add(time.Second), time.Now()
	b, err := outbound.New(p, outbound.Endpoint{URL: url, SubscriptionID: "s-1", Secrets: []string{"s3cret"}})
	if err != nil {
		t.Fatal(err)
	}
	c := b.Context(e, stamp)
	want := signature.Context{ID: "e-1", URL: url, RegisteredURL: url, SubscriptionID: "s-1", Time: stamp, EventTime: e.At}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("context (-want +got):\n%s", diff)
	}
	var m wire.Message
	if err := b.Message(&m, e, triggered); err != nil {
		t.Fatal(err)
	}
	plain, err := p.Message(url, *e, triggered)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plain, m); diff != "" {
		t.Errorf("unsigned (-provider's +built):\n%s", diff)
	}
	if err := b.Sign(&m, c); err != nil {
		t.Fatal(err)
	}
	if r := p.Signing.Verify(m, c, "s3cret"); r.Verdict != signature.Valid {
		t.Errorf("signed: %+v", r)
	}

	without, err := outbound.New(p, outbound.Endpoint{URL: url, Unsigned: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(without.Message(&m, e, triggered), without.Sign(&m, c)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plain, m); diff != "" {
		t.Errorf("not to be signed (-provider's +built):\n%s", diff)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	p, err := fixtures.Builtin().Provider("neostore")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := outbound.New(p, outbound.Endpoint{URL: url}); !errors.Is(err, signature.ErrNoSecret) {
		t.Errorf("without a secret: %v, want ErrNoSecret", err)
	}
	if _, err := outbound.New(p, outbound.Endpoint{URL: "ftp://x", Unsigned: true}); !errors.Is(err, fixtures.ErrInvalidURL) {
		t.Errorf("a URL of another scheme: %v, want ErrInvalidURL", err)
	}
}
