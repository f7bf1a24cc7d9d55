package dashboard

import (
	"context"
	"net/http"
	"strings"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// What the API answers with records takes memory in proportion to them: a few such answers are made at a time, the fewer the
// less the server keeps. Others wait.
const (
	keptPerPage = 64 << 20 // bytes that the server may keep, for each answer that is made at a time
	mostPages   = 8
)

// keptBy is how many bytes a store may keep; 0 without one, which only a description of the API is made without.
func keptBy(store journal.Store) int64 {
	if store == nil {
		return 0
	}
	return store.Limits().Bytes
}

func placesFor(kept int64) int { return int(min(mostPages, max(1, kept/keptPerPage))) }

// largestPage is how large a page may be, in bytes, of a server that keeps so many.
func largestPage(kept int64) int { return int(min(maxPage, max(1<<20, kept/16))) }

// holdsRecords reports whether a request is answered with records, soon: not by waiting for any.
func holdsRecords(r *http.Request) bool {
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

// place is that of a request which takes one only when it has waited for records.
type place struct {
	free  chan struct{}
	taken bool
}

type placeKey struct{}

// takePlace takes the place of a request, which it keeps until it is answered.
func takePlace(ctx context.Context) error {
	t, _ := ctx.Value(placeKey{}).(*place)
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

// oneByOne has requests that are answered with records take turns, so many at a time.
func oneByOne(sequence int, next http.Handler) http.Handler {
	free := make(chan struct{}, sequence)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/wait") {
			t := &place{free: free}
			defer func() {
				if t.taken {
					<-free
				}
			}()
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), placeKey{}, t)))
			return
		}
		if !holdsRecords(r) {
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
