package journal_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// Attempts that send the body of the event take no further memory for it; others do.
func TestAttemptsShareTheBodyOfTheEvent(t *testing.T) {
	t.Parallel()
	body := bytes.Repeat([]byte("b"), 100<<10)
	s := journal.NewMemory(journal.MemoryOptions{Bytes: 300 << 10})
	t.Cleanup(func() { s.Close() })
	d := journal.Delivery{ID: "d", State: journal.Pending, Event: fixtures.Event{Body: body}}
	if err := s.SaveDeliveries(t.Context(), &d); err != nil {
		t.Fatal(err)
	}
	pending := journal.Progress{State: journal.Pending}
	for n := range 50 {
		a := journal.Attempt{N: n + 1, Sent: wire.Message{Body: bytes.Clone(body)}}
		if err := s.AppendAttempt(t.Context(), "d", &a, pending); err != nil {
			t.Fatalf("attempt %d: %v", n+1, err)
		}
		a.Sent.Body[0] = 'x' // the caller's bytes are not the store's
	}
	got, err := s.Delivery(t.Context(), "d")
	if err != nil || len(got.Attempts) != 50 {
		t.Fatalf("%d attempts, %v", len(got.Attempts), err)
	}
	for _, a := range got.Attempts {
		if !bytes.Equal(a.Sent.Body, body) {
			t.Fatalf("attempt %d has another body", a.N)
		}
	}
	other := bytes.Repeat([]byte("c"), 300<<10)
	if err := s.AppendAttempt(t.Context(), "d", &journal.Attempt{N: 51, Sent: wire.Message{Body: other}}, pending); !errors.Is(err, journal.ErrFull) {
		t.Errorf("a body that does not fit: %v", err)
	}
}
