package query

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// The cost of a page is bounded, and a page says where to continue: all pages together have every
// capture once.
func TestPageIsBounded(t *testing.T) {
	t.Parallel()
	store := journal.NewMemory(journal.MemoryOptions{})
	defer store.Close()
	s := New(Options{Store: store})
	defer s.Close()
	s.pageCost = 30
	const n = 100
	size := 0
	for i := range n {
		c := journal.Capture{Bin: "p"}
		c.Method, c.Target, c.Body = "POST", fmt.Sprintf("/p/%d", i), []byte("x")
		if err := store.AppendCapture(t.Context(), &c); err != nil {
			t.Fatal(err)
		}
		size = c.Size()
	}
	for _, tt := range []struct {
		query        Query
		bytes        int
		pages, found int
	}{
		{Query{Q: "nothing"}, 0, 4, 0},
		{Query{Q: "path:/p/9"}, 0, 4, 11},
		{Query{Where: `.path == "/p/50"`}, 0, 34, 1}, // three captures a page
		{Query{CaptureQuery: journal.CaptureQuery{Oldest: true}, Q: "path:/p/9"}, 0, 4, 11},
		{Query{CaptureQuery: journal.CaptureQuery{Limit: 20}}, 0, 6, 100},
		// four and a half
		{Query{CaptureQuery: journal.CaptureQuery{Limit: 20, After: 90}}, 9 * size / 2, 3, 10},
	} {
		q, pages, found, last := tt.query, 0, 0, uint64(0)
		for {
			page, err := s.Page(t.Context(), q, tt.bytes)
			if err != nil {
				t.Fatal(err)
			}
			pages++
			found += len(page.Captures)
			for _, c := range page.Captures {
				if last > 0 && (c.Seq > last) != q.Oldest {
					t.Errorf("%+v: %d comes after %d", tt.query, c.Seq, last)
				}
				last = c.Seq
			}
			if page.Next == 0 {
				break
			}
			if q.Oldest {
				q.After = page.Next
			} else {
				q.Before = page.Next
			}
		}
		if pages != tt.pages || found != tt.found {
			t.Errorf("%+v: %d captures on %d pages, want %d on %d", tt.query, found, pages, tt.found, tt.pages)
		}
		all, err := s.Captures(t.Context(), tt.query)
		if err != nil || len(all) != min(tt.found, journal.PageSize(tt.query.Limit)) {
			t.Errorf("%+v: %d captures at once, %v; want %d", tt.query, len(all), err, tt.found)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Page(ctx, Query{Q: "nothing"}, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: %v", err)
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	store := journal.NewMemory(journal.MemoryOptions{})
	defer store.Close()
	s := New(Options{Store: store})
	defer s.Close()
	const n = 3000 // more than are deleted at a time
	for i := range n {
		for _, bin := range []string{"d", "other"} {
			c := journal.Capture{Bin: bin}
			c.Method, c.Target, c.Body = []string{"POST", "PUT", "GET"}[i%3], "/d", fmt.Appendf(nil, `{"n":%d}`, i)
			if err := store.AppendCapture(t.Context(), &c); err != nil {
				t.Fatal(err)
			}
		}
	}
	left := n
	for _, tt := range []struct {
		query Query
		want  int
	}{
		{Query{Q: "nothing"}, 0},
		{Query{Q: "method:GET"}, 1000},
		{Query{Q: "method:GET"}, 0},
		{Query{Q: "method:PUT", Where: ".body.n < 5"}, 2},
		{Query{CaptureQuery: journal.CaptureQuery{After: 2*n - 2}}, 0}, // the last one was a GET
		{Query{CaptureQuery: journal.CaptureQuery{Before: 2*n - 2}}, 1998},
	} {
		tt.query.Bin = "d"
		got, err := s.Delete(t.Context(), tt.query)
		if err != nil || got != tt.want {
			t.Errorf("%+v: %d, %v; want %d", tt.query, got, err, tt.want)
		}
		left -= got
		bins, err := store.Bins(t.Context())
		if err != nil || bins[0].Count != left || bins[1].Count != n {
			t.Errorf("%+v: %+v, %v; want %d left", tt.query, bins, err, left)
		}
	}
	for _, q := range []Query{{}, {CaptureQuery: journal.CaptureQuery{Bin: "d"}, Q: `"`}, {CaptureQuery: journal.CaptureQuery{Bin: "d"}, Where: "]"}} {
		if _, err := s.Delete(t.Context(), q); !errors.Is(err, journal.ErrInvalid) {
			t.Errorf("%+v: %v, want ErrInvalid", q, err)
		}
	}
}
