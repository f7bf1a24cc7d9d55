package dashboard_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// The API has the limits and the usage of the server. The server refuses what is too large and
// evicts what is too old.
func TestLimitsAreShown(t *testing.T) {
	t.Parallel()
	store := journal.NewMemory(journal.MemoryOptions{PerBin: 3, Deliveries: 4, Bytes: 100_000, For: 48 * time.Hour})
	t.Cleanup(func() { store.Close() })
	r := start(t, mockserver.Options{Store: store, MaxBody: 20_000})
	post := func(size, want int) {
		t.Helper()
		resp, err := http.Post(r.CaptureURL()+"/a", "text/plain", strings.NewReader(strings.Repeat("x", size)))
		if err != nil || resp.StatusCode != want {
			t.Fatalf("%d bytes: %v, %v; want %d", size, resp, err, want)
		}
		resp.Body.Close()
	}
	for range 5 {
		post(10_000, 200)
	}
	post(20_001, 413)
	got := r.call(t, 200, "GET", "/server", "")
	limits := got["limits"].(map[string]any)
	for name, want := range map[string]string{"captures": "3", "deliveries": "4", "bytes": "100000", "for": "48h0m0s", "max_body": "20000"} {
		if fmt.Sprint(limits[name]) != want {
			t.Errorf("%s: %v, want %v", name, limits[name], want)
		}
	}
	usage := got["usage"].(map[string]any)
	bytes, err := usage["bytes"].(json.Number).Int64()
	if fmt.Sprintf("%v%v", usage["captures"], usage["evicted_captures"]) != "33" || err != nil || bytes < 40_000 || bytes > 100_000 {
		t.Errorf("usage: %v", usage)
	}
	http.DefaultClient.CloseIdleConnections()
}
