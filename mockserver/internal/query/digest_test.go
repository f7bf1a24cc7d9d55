package query_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/query"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// TestDigestPages checks that pages of digests have every capture of a bin once, in order, and are
// bounded in number and in the bytes that are read for them.
func TestDigestPages(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ captures, size, pages int }{
		"none":         {0, 0, 1},
		"many":         {query.MaxDigests + 1, 8, 2},
		"a whole page": {query.MaxDigests, 8, 2}, // the second is empty
		"large ones":   {5, 40 << 20, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := journal.NewMemory(journal.MemoryOptions{Bytes: 1 << 30})
			defer store.Close()
			s := query.New(query.Options{Store: store})
			defer s.Close()
			body := make([]byte, c.size)
			for i := range c.captures {
				copy(body, fmt.Sprintf("%08d", i))
				for _, bin := range []string{"other", "this"} {
					if bin == "other" && i%100 > 0 {
						continue
					}
					if err := store.AppendCapture(t.Context(), &journal.Capture{Bin: bin, Message: wire.Message{Body: body}}); err != nil {
						t.Fatal(err)
					}
				}
			}
			pages, n, after := 0, 0, uint64(0)
			for more := true; more; pages++ {
				var page []journal.Digest
				var err error
				if page, more, err = s.Digests(t.Context(), "this", after); err != nil {
					t.Fatal(err)
				}
				for _, d := range page {
					copy(body, fmt.Sprintf("%08d", n))
					if d.Sum != sha256.Sum256(body) || d.Seq <= after {
						t.Fatalf("digest %d: %+v", n, d)
					}
					after = d.Seq
					n++
				}
			}
			if n != c.captures || pages != c.pages {
				t.Errorf("%d digests in %d pages, want %d in %d", n, pages, c.captures, c.pages)
			}
		})
	}
}

func TestDigestText(t *testing.T) {
	t.Parallel()
	d := (&journal.Capture{Seq: 7, Message: wire.Message{Body: []byte("abc")}}).Digest()
	const want = `{"seq":7,"sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}`
	raw, err := json.Marshal(d)
	var again journal.Digest
	if err != nil || string(raw) != want || json.Unmarshal(raw, &again) != nil || again != d {
		t.Errorf("%s, %v; %+v", raw, err, again)
	}
	for _, wrong := range []string{`"ba"`, `"` + want[20:82] + `zz"`} {
		if err := json.Unmarshal([]byte(wrong), new(journal.Sum)); err == nil {
			t.Errorf("%s was read", wrong)
		}
	}
}
