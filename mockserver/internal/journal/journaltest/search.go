package journaltest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// SearchedCapture returns a capture in one of three bins. It consists of words that other captures
// have too, some of them not UTF-8.
func SearchedCapture(n int) *journal.Capture {
	r := rand.New(rand.NewPCG(uint64(n), 7))
	word := func() string { return fmt.Sprintf("%s%d", searchedWords()[r.IntN(len(searchedWords()))], r.IntN(40)) }
	c := &journal.Capture{
		Bin: []string{"a", "b", "c"}[n%3],
		Message: wire.Message{
			Method: "POST", Target: "/" + word() + "?" + word(),
			Headers: signature.Headers{{Name: "X-" + word(), Value: word()}, {Name: "x-n", Value: fmt.Sprint(n)}},
			Body:    []byte(strings.Repeat(word()+" ", 1+r.IntN(8))),
		},
	}
	if n%5 == 4 { // case differs
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = w.Write(c.Body)
		_ = w.Close()
		c.Body = b.Bytes()
		c.Headers.Add("Content-Encoding", "gzip")
	}
	return c
}

func searchedWords() []string {
	return []string{"Pass", "GRÜSSE", "Straße", "\xff\xfe", "дом", "İx", "\u212aelvin", "é\xc3", "order", "ID"}
}

// SearchedTexts returns texts that some of these captures contain, and some that none contains.
func SearchedTexts() []string {
	texts := []string{"", "s", "as", "zz", "nothing at all", "pass1", "9", "x-n", "\xc3", "\xa9", "kelvin1", "k", "i̇x"}
	for i, word := range searchedWords() {
		texts = append(texts, word, strings.ToLower(word), fmt.Sprintf("%s%d", word, i), fmt.Sprintf("%s%d %s", word, 30+i, word))
	}
	return texts
}

// CheckSearch compares the results of Search with all captures of the store.
func CheckSearch(t testing.TB, s journal.Store, stored []journal.Capture, q journal.CaptureQuery, texts ...string) {
	t.Helper()
	matches := func(c *journal.Capture) bool {
		var f journal.Folded
		f.Read(c)
		for _, text := range texts {
			if !f.Holds(journal.Fold(nil, text)) {
				return false
			}
		}
		return true
	}
	want, got := []uint64{}, []uint64{}
	for i := range stored {
		c := &stored[i]
		if (q.Bin == "" || c.Bin == q.Bin) && c.Seq > q.After && (q.Before == 0 || c.Seq < q.Before) && matches(c) {
			want = append(want, c.Seq)
		}
	}
	if !q.Oldest {
		want = newestFirst(want)
	}
	if err := s.Search(t.Context(), q, texts, func(c *journal.Capture) bool {
		if matches(c) {
			got = append(got, c.Seq)
		}
		return true
	}); err != nil {
		t.Errorf("%+v, %q: %v", q, texts, err)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%+v, %q: found %d, want %d: %.200v, want %.200v", q, texts, len(got), len(want), got, want)
	}
}

func search(t *testing.T, s journal.Store) {
	const n = 700
	var stored []journal.Capture
	for i := range n {
		stored = append(stored, add(t, s, SearchedCapture(i)))
	}
	for _, oldest := range []bool{false, true} {
		for i, text := range SearchedTexts() {
			q := journal.CaptureQuery{Oldest: oldest, Limit: 3, Bin: []string{"", "b", "nobody"}[i%3]}
			if i%4 == 1 {
				q.After, q.Before = stored[n/4].Seq, stored[n/2].Seq
			}
			CheckSearch(t, s, stored, q, text)
			CheckSearch(t, s, stored, q, text, "x-n", "1")
		}
		CheckSearch(t, s, stored, journal.CaptureQuery{Oldest: oldest, After: ^uint64(0)}, "pass")
		CheckSearch(t, s, stored, journal.CaptureQuery{Oldest: oldest, After: stored[9].Seq, Before: stored[3].Seq})
	}
	visits := 0
	if err := s.Search(t.Context(), journal.CaptureQuery{}, nil, func(c *journal.Capture) bool {
		visits++
		return visits < 5
	}); err != nil || visits != 5 {
		t.Errorf("a visit that returns false: %d visits, %v; want 5", visits, err)
	}
}
