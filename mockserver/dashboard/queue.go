package dashboard

import (
	"context"
	"net/http"
	"strings"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// A response with records takes memory in proportion to them. So only a few such responses are made
// at the same time, fewer for a server that keeps less. Other requests wait for a slot.
const (
	bytesPerSlot = 64 << 20 // a server gets one slot for each so many bytes that it may keep
	maxSlots     = 8
)

// byteLimit returns how many bytes a store may keep. It is 0 without a store, for a dashboard that
// only describes its API.
func byteLimit(store journal.Store) int64 {
	if store == nil {
		return 0
	}
	return store.Limits().Bytes
}

func slotsFor(kept int64) int { return int(min(maxSlots, max(1, kept/bytesPerSlot))) }

// pageBytes returns the largest page, in bytes, of a server that keeps so many bytes.
func pageBytes(kept int64) int { return int(min(maxPageBytes, max(1<<20, kept/16))) }

// returnsRecords reports whether a request returns records at once, without waiting for any.
func returnsRecords(r *http.Request) bool {
	path, ok := strings.CutPrefix(r.URL.Path, "/api/v1/")
	if !ok || r.Method != http.MethodGet || strings.HasSuffix(path, "/wait") {
		return false
	}
	section, _, _ := strings.Cut(path, "/")
	switch section {
	case "captures", "bins", "deliveries", "endpoints", "providers", "metrics":
		return true
	}
	return false
}

// slot lets a waiting request take a slot when its wait is over.
type slot struct {
	free  chan struct{}
	taken bool
}

type slotKey struct{}

// takeSlot takes a slot for a waiting request. The request keeps it until it has its response.
func takeSlot(ctx context.Context) error {
	t, _ := ctx.Value(slotKey{}).(*slot)
	if t == nil || t.taken {
		return nil
	}
	select {
	case t.free <- struct{}{}:
		t.taken = true
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// limitConcurrency serves at most n requests that return records at the same time.
func limitConcurrency(n int, next http.Handler) http.Handler {
	free := make(chan struct{}, n)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/wait") {
			t := &slot{free: free}
			defer func() {
				if t.taken {
					<-free
				}
			}()
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), slotKey{}, t)))
			return
		}
		if !returnsRecords(r) {
			next.ServeHTTP(w, r)
			return
		}
		select {
		case free <- struct{}{}:
		case <-r.Context().Done():
			return
		}
		defer func() { <-free }()
		next.ServeHTTP(w, r)
	})
}
