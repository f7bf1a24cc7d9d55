package mockserver_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver"
)

// A provider delivers to a bin, and the test looks at what arrived.
func TestExampleBin(t *testing.T) {
	// example:bin
	server := mockserver.StartT(t)
	inbox, neostore := server.Bin("inbox"), server.Provider("neostore")
	_, subscribed := neostore.Subscribe(t.Context(), inbox.URL(), "Pass:*")
	_, emitted := neostore.Emit(t.Context(), "Pass:Created")
	captures, received := inbox.Wait(t.Context(), 1)
	if err := errors.Join(subscribed, emitted, received); err != nil {
		t.Fatal(err)
	}
	if got := captures[0].Verification.Verdict; got != signature.Valid {
		t.Errorf("signature: %s, want valid", got)
	}
	// example:end
}

// The consumer under test is down for two days; the provider's retries reach it all the same.
func TestExampleRetries(t *testing.T) {
	consumer := &outage{until: 3}
	shop := httptest.NewServer(consumer)
	defer shop.Close()

	// example:retries
	ctx := t.Context()
	server := mockserver.StartT(t)
	neostore := server.Provider("neostore")
	if _, err := neostore.Register(ctx, mockserver.Endpoint{URL: shop.URL, Events: []string{"Pass:*"}, Retry: "at-least-once"}); err != nil {
		t.Fatal(err)
	}
	deliveries, err := neostore.Emit(ctx, "Pass:Created")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.Advance(ctx, 48*time.Hour); err != nil { // no time passes
		t.Fatal(err)
	}
	delivery, err := server.Client().Delivery(ctx, deliveries[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if delivery.State != mockserver.Delivered {
		t.Errorf("%s after %d attempts, want delivered", delivery.State, len(delivery.Attempts))
	}
	// example:end
}

// A forged event, and the events of one pass in the wrong order.
func TestExampleWith(t *testing.T) {
	server := mockserver.StartT(t)
	inbox := server.Bin("inbox")
	// example:with
	ctx := t.Context()
	neostore := server.Provider("neostore").With(mockserver.Seed(7), mockserver.Set("/__source", "test"))
	_, subscribed := neostore.Subscribe(ctx, inbox.URL(), "Pass:*")
	_, forged := neostore.Emit(ctx, "Pass:Created", "signature:tampered")
	events, rendered := neostore.Hold("pass", "Pass:Created", "Pass:Installed")
	if err := errors.Join(subscribed, forged, rendered); err != nil {
		t.Fatal(err)
	}
	_, err := neostore.Send(ctx, events[1], events[0]) // installed before it was created
	// example:end
	if err != nil {
		t.Fatal(err)
	}
	captures, err := inbox.Wait(ctx, 3)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []signature.Verdict{signature.Mismatch, signature.Valid, signature.Valid} {
		if got := captures[i].Verification.Verdict; got != want {
			t.Errorf("capture %d: %s, want %s", i, got, want)
		}
	}
	if !bytes.Contains(captures[1].Body, []byte("Pass:Installed")) || !bytes.Contains(captures[2].Body, []byte("Pass:Created")) {
		t.Errorf("%s\n%s", captures[1].Body, captures[2].Body)
	}
}

// outage answers 503 to all requests but the last.
type outage struct{ asked, until int }

func (o *outage) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	if o.asked++; o.asked < o.until {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

func ExampleStart() {
	ctx := context.Background()
	server, err := mockserver.Start(ctx, mockserver.Options{Seed: 7})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()

	inbox := server.Bin("inbox")
	if _, err := server.Provider("ethpass").Subscribe(ctx, inbox.URL()); err != nil {
		fmt.Println(err)
		return
	}
	if _, err := server.Provider("ethpass").Emit(ctx, "pass:create"); err != nil {
		fmt.Println(err)
		return
	}
	captures, err := inbox.Wait(ctx, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(captures[0].Method, captures[0].Target)
	// Output: POST /inbox
}
