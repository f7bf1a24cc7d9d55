package capture

import (
	"context"
	"crypto/tls"
	"net"
	"testing"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// A closing server does not wait for a sender with a slow TLS handshake, and does not count it as
// refused.
func TestCloseDoesNotWaitForTLS(t *testing.T) {
	t.Parallel()
	store := journal.NewMemory(journal.MemoryOptions{})
	defer store.Close()
	s, err := Start(t.Context(), Options{Store: store})
	if err != nil {
		t.Fatal(err)
	}
	// nothing was accepted yet, and nothing will be: the connection belongs to the test
	s.limits.head = time.Hour
	ours, theirs := net.Pipe()
	defer theirs.Close()
	s.admit(tls.Server(ours, &tls.Config{}))
	if _, err := theirs.Write([]byte{22}); err != nil { // it is read, so the server waits for more
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		t.Errorf("Close: %v", err)
	}
	if got := s.Counts(); got != (Counts{}) {
		t.Errorf("counts %+v", got)
	}
}
