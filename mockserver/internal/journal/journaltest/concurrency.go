package journaltest

import (
	"fmt"
	"sync"
	"testing"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// concurrency appends from many senders. Every number is used once, each sender's captures are in
// order, and a capture can be read when AppendCapture has returned.
func concurrency(t *testing.T, s journal.Store) {
	const senders, each = 16, 60
	var running sync.WaitGroup
	for sender := range senders {
		running.Go(func() {
			for i := range each {
				body := fmt.Sprintf("%d/%d", sender, i)
				c := &journal.Capture{Bin: fmt.Sprint("bin", sender%3), Message: wire.Message{Body: []byte(body)}}
				if err := s.AppendCapture(t.Context(), c); err != nil {
					t.Error(err)
					return
				}
				got, err := s.Capture(t.Context(), c.ID)
				if err != nil || string(got.Body) != body || got.Seq != c.Seq {
					t.Errorf("read after it was stored: %q, %v; want %q", got.Body, err, body)
				}
				page, err := s.Captures(t.Context(), journal.CaptureQuery{Bin: c.Bin, Before: c.Seq + 1, Limit: 1})
				if err != nil || len(page) != 1 || page[0].Seq != c.Seq {
					t.Errorf("listed after it was stored: %v, %v; want %d", seqs(page), err, c.Seq)
				}
			}
		})
	}
	running.Wait()
	all, err := s.Captures(t.Context(), journal.CaptureQuery{Limit: journal.MaxLimit, Oldest: true})
	if err != nil || len(all) != senders*each {
		t.Fatalf("%d captures, %v; want %d", len(all), err, senders*each)
	}
	next := map[int]int{}
	for i, c := range all {
		if i > 0 && c.Seq <= all[i-1].Seq {
			t.Fatalf("seq %d after %d", c.Seq, all[i-1].Seq)
		}
		var sender, n int
		if _, err := fmt.Sscanf(string(c.Body), "%d/%d", &sender, &n); err != nil {
			t.Fatal(err)
		}
		if n != next[sender] {
			t.Fatalf("got capture %d of sender %d, want %d", n, sender, next[sender])
		}
		next[sender]++
	}
}
