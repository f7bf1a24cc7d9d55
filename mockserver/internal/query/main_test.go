package query_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/internal/content"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/query"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// start returns a searcher over a store in memory.
func start(t testing.TB) (*query.Searcher, journal.Store) {
	t.Helper()
	store := journal.NewMemory(journal.MemoryOptions{})
	s := query.New(query.Options{Store: store})
	t.Cleanup(func() {
		s.Close()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, store
}

// record stores a raw request in the bin that its target names.
func record(t testing.TB, store journal.Store, raw string) {
	t.Helper()
	m, err := wire.ParseRequest([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	bin, _, _ := strings.Cut(strings.TrimPrefix(content.Path(m.Target), "/"), "/")
	if err := store.AppendCapture(t.Context(), &journal.Capture{Bin: bin, At: time.Now(), Message: m}); err != nil {
		t.Error(err)
	}
}

// post stores a POST of JSON.
func post(t testing.TB, store journal.Store, target, body string) {
	t.Helper()
	record(t, store, fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", target, len(body), body))
}

// captures returns all captures of a bin, oldest first.
func captures(t testing.TB, s *query.Searcher, bin string) []journal.Capture {
	t.Helper()
	all, err := s.Captures(t.Context(), query.Query{CaptureQuery: journal.CaptureQuery{Bin: bin, Limit: journal.MaxLimit, Oldest: true}})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func number(n int) *int                   { return &n }
func of(d time.Duration) journal.Duration { return journal.Duration(d) }
func targets(all []journal.Capture) (t []string) {
	for _, c := range all {
		t = append(t, c.Target)
	}
	return t
}

const short = 20 * time.Millisecond
