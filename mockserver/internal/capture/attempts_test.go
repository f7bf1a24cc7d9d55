package capture_test

import (
	"fmt"
	"testing"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

func TestAttemptsOfOneDelivery(t *testing.T) {
	t.Parallel()
	s, store := start(t)
	post := func(path, id, body string) {
		t.Helper()
		if id != "" {
			id = "webhook-id: " + id + "\r\n"
		}
		send(t, s, fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %d\r\n\r\n%s", path, id, len(body), body))
	}
	post("/b/x", "one", "1")
	post("/b/x", "two", "2")
	post("/b/x?again", "one", "1 again")
	post("/b/y", "one", "1") // another endpoint of the consumer
	post("/other/x", "one", "1")
	post("/b/x", "", "same")
	post("/b/x", "", "same")
	post("/b/x", "one", "1")
	post("/b/x", "", `{"__id":"a\/bc"}`) // 8: another attempt may escape it differently
	post("/b/x", "", `{"__id":"a/bc"}`)
	post("/b/x", "", "ÄÖÜ ÄÖÜ und sonst nichts") // 10
	post("/b/x", "", "äöü ÄÖÜ und sonst nichts")
	post("/b/x", "", "ÄÖÜ ÄÖÜ und sonst nichts")
	post("/b/x", "", "ÄÖ") // 13
	post("/b/x", "", "")
	post("/b/x", "", "ÄÖ")
	all, err := store.Captures(t.Context(), journal.CaptureQuery{Oldest: true})
	if err != nil || len(all) != 16 {
		t.Fatalf("%d captures, %v", len(all), err)
	}
	for at, want := range map[int][]int{2: {0, 2, 7}, 1: {1}, 3: {3}, 5: {5, 6}, 8: {8, 9}, 9: {8, 9}, 10: {10, 12}, 13: {13, 15}, 14: {14}} {
		found, err := s.Attempts(t.Context(), all[at])
		if err != nil {
			t.Fatal(err)
		}
		var got []int
		for _, c := range found {
			got = append(got, int(c.Seq-all[0].Seq))
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("attempts of capture %d: %v, want %v", at, got, want)
		}
	}
}
