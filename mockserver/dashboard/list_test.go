package dashboard

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/query"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

func TestGather(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name           string
		records        []int // sizes
		limit, largest int
		want           int
		more           bool
	}{
		{"nothing", nil, 10, 100, 0, false},
		{"fewer than the limit", sizes(3, 1), 10, 100, 3, false},
		{"the limit", sizes(10, 1), 10, 100, 10, true},
		{"more than a batch", sizes(600, 1), 500, 10_000, 500, true},
		{"all of several batches", sizes(600, 1), 1000, 10_000, 600, false},
		{"too large together", sizes(600, 1), 1000, 300, 300, true},
		{"too large in the first batch", sizes(600, 20), 1000, 100, 5, true},
		{"a large one among small ones", append(sizes(60, 1), 1000, 1), 1000, 100, 60, true},
		{"one that is too large by itself", []int{1000, 1}, 10, 100, 1, true},
		{"large ones of which the last fits", []int{50, 50}, 10, 100, 2, false},
	} {
		next := 0
		read := func(n int, last *int) ([]int, error) {
			if (last == nil) != (next == 0) {
				t.Errorf("%s: asked for what follows %v, after %d records", c.name, last, next)
			}
			end := min(next+n, len(c.records))
			found := c.records[next:end]
			next = end
			return slices.Clone(found), nil
		}
		got, more, err := gather(c.limit, c.largest, read, func(size *int) int { return *size })
		if len(got) != c.want || more != c.more || err != nil {
			t.Errorf("%s: %d records, more: %t, %v; want %d, %t", c.name, len(got), more, err, c.want, c.more)
		}
		if !slices.Equal(got, c.records[:len(got)]) {
			t.Errorf("%s: not the records in their order", c.name)
		}
	}
	broken := errors.New("broken")
	if _, _, err := gather(10, 10, func(int, *int) ([]int, error) { return nil, broken }, nil); !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
}

func sizes(n, size int) []int { return slices.Repeat([]int{size}, n) }

// A page of large captures ends early and has a next page; a client that wants more records gets
// them.
func TestPagesAreBounded(t *testing.T) {
	t.Parallel()
	server := mockserver.StartT(t, mockserver.Options{
		Dashboard: func(p vendorapi.Parts) http.Handler {
			return (&dashboard{providers: p.Dispatcher, capture: p.Capture, store: p.Store, catalogue: p.Catalogue, wire: p.Wire, largest: 50_000}).handler()
		},
	})
	for range 6 {
		resp, err := http.Post(server.CaptureURL()+"/inbox", "text/plain", strings.NewReader(strings.Repeat("x", 10_000)))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	for query, want := range map[string]string{"": "[6 5 4 3] 3", "?before=3": "[2 1] null", "?order=oldest": "[1 2 3 4] 4", "?limit=2": "[6 5] 5"} {
		resp, err := http.Get(server.DashboardURL() + "/api/v1/bins/inbox/captures" + query)
		if err != nil {
			t.Fatal(err)
		}
		var page struct {
			Items []struct{ Seq int }
			Next  json.RawMessage
		}
		err = json.NewDecoder(resp.Body).Decode(&page)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		seqs := []int{}
		for _, c := range page.Items {
			seqs = append(seqs, c.Seq)
		}
		if got := fmt.Sprintf("%d %s", seqs, page.Next); got != want {
			t.Errorf("%q: %s, want %s", query, got, want)
		}
	}
	http.DefaultClient.CloseIdleConnections()

	client, err := mockserver.Dial(server.DashboardURL(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for _, oldest := range []bool{false, true} {
		for limit, want := range map[int]int{5: 5, 6: 6, 0: 6} {
			all, err := client.Captures(t.Context(), query.Query{CaptureQuery: journal.CaptureQuery{Oldest: oldest, Limit: limit}})
			if err != nil {
				t.Fatal(err)
			}
			if len(all) != want || oldest != (all[0].Seq < all[want-1].Seq) {
				t.Errorf("limit %d: the client has %d captures, the first of seq %d: want %d", limit, len(all), all[0].Seq, want)
			}
		}
	}
}
