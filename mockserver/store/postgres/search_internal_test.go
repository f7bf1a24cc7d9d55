package postgres

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hookrig/hookrig/internal/pgtest"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/journal/journaltest"
	"github.com/hookrig/hookrig/mockserver/internal/journal/textindex"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// appendSearched appends the captures from first to end and returns them in order.
func appendSearched(t *testing.T, s journal.Store, first, end int) []journal.Capture {
	t.Helper()
	all := make([]journal.Capture, end-first)
	var work sync.WaitGroup
	const senders = 256
	for sender := range senders {
		work.Go(func() {
			for i := sender; i < len(all); i += senders {
				c := journaltest.SearchedCapture(first + i)
				if err := s.AppendCapture(t.Context(), c); err != nil {
					t.Error(err)
					return
				}
				all[i] = *c
			}
		})
	}
	work.Wait()
	slices.SortFunc(all, func(a, b journal.Capture) int { return int(a.Seq) - int(b.Seq) })
	return all
}

// indexes returns the bytes of each text index.
func (s *store) indexes(t *testing.T) map[int64]int64 {
	t.Helper()
	found := map[int64]int64{}
	partitions, err := s.indexedPartitions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range partitions {
		if err := s.query(t.Context(), "SELECT segment, length(rows)::bigint FROM "+textTable(p), func(row [][]byte) error {
			found[integer(row[0])] = integer(row[1])
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// untilIndexed searches until the segments have text indexes.
func untilIndexed(t *testing.T, s *store, segments ...int64) {
	t.Helper()
	for begin := time.Now(); ; {
		if err := s.Search(t.Context(), journal.CaptureQuery{Limit: 1}, []string{"nothing"}, func(*journal.Capture) bool { return true }); err != nil {
			t.Fatal(err)
		}
		found := s.indexes(t)
		if !slices.ContainsFunc(segments, func(n int64) bool { _, there := found[n]; return !there }) {
			return
		}
		if time.Since(begin) > 5*time.Minute {
			t.Fatalf("the text indexes are %v, want %v", found, segments)
		}
	}
}

// checkTexts compares some random searches with the captures.
func checkTexts(t *testing.T, s *store, stored []journal.Capture) {
	t.Helper()
	texts := journaltest.SearchedTexts()
	for i := range 6 {
		text := texts[rand.IntN(len(texts))]
		q := journal.CaptureQuery{Oldest: i%2 == 0, Bin: []string{"", "b"}[i/2%2]}
		if i%2 == 0 {
			q.After, q.Before = stored[rand.IntN(len(stored)/2)].Seq, stored[len(stored)/2+rand.IntN(len(stored)/2)].Seq
		}
		if i%3 < 2 {
			// a part of a text that a capture has, wherever its bytes begin
			body := stored[rand.IntN(len(stored))].Body
			from := rand.IntN(len(body))
			journaltest.CheckSearch(t, s, stored, q, string(body[from:min(len(body), from+rand.IntN(12))]))
			journaltest.CheckSearch(t, s, stored, q, text)
		} else {
			journaltest.CheckSearch(t, s, stored, q, text, "order3", "x-n")
		}
	}
}

// TestSearchThroughTextIndexes checks that a search finds the same with and without text indexes:
// before and while they are built, after deletions, on another node, and after partitions went.
func TestSearchThroughTextIndexes(t *testing.T) {
	t.Parallel()
	const segment = textindex.SegmentSize
	s := openPartitioned(t, pgtest.Start(t), Options{}, 5000)
	defer s.Close()
	stored := appendSearched(t, s, 0, 2*segment+500)
	if found := s.indexes(t); len(found) != 0 {
		t.Errorf("indexes without a search: %v", found)
	}
	checkTexts(t, s, stored) // while they are built
	untilIndexed(t, s, 0, 1)
	checkTexts(t, s, stored)
	if found := s.indexes(t); len(found) != 2 || found[0] == 0 || found[1] == 0 {
		t.Errorf("text indexes %v, want two", found)
	}
	for _, text := range []string{"hippopotamus", "7093517422", "order-nowhere"} {
		visits := 0
		err := s.Search(t.Context(), journal.CaptureQuery{}, []string{text}, func(*journal.Capture) bool { visits++; return true })
		if err != nil || visits > 500+2*segment/10 {
			t.Errorf("%s: %d visits, %v; want a few", text, visits, err)
		}
	}

	var doomed []uint64
	var left []journal.Capture
	for i, c := range stored {
		if 3000 < c.Seq && c.Seq < 2*segment-100 || i%7 == 0 {
			doomed = append(doomed, c.Seq)
		} else {
			left = append(left, c)
		}
	}
	if n, err := s.DeleteCaptures(t.Context(), doomed...); n != len(doomed) || err != nil {
		t.Fatal(n, err)
	}
	checkTexts(t, s, left)

	opened, err := openAt(t.Context(), s.config, s.name, Options{partition: 5000})
	if err != nil {
		t.Fatal(err)
	}
	other := opened.(*store)
	defer other.Close()
	left = append(left, appendSearched(t, other, len(stored), len(stored)+segment)...)
	checkTexts(t, other, left)
	untilIndexed(t, other, 0, 1, 2)
	checkTexts(t, other, left)

	for _, bin := range []string{"a", "b", "c"} {
		keep := 0
		for _, c := range left {
			if c.Bin == bin && c.Seq > 5000 {
				keep++
			}
		}
		if _, err := s.TrimBin(t.Context(), bin, keep); err != nil {
			t.Fatal(err)
		}
	}
	left = slices.DeleteFunc(left, func(c journal.Capture) bool { return c.Seq <= 5000 })
	if err := s.clean(t.Context()); err != nil {
		t.Fatal(err)
	}
	if found := s.indexes(t); len(found) != 2 {
		t.Errorf("text indexes %v, want those of the other partitions", found)
	}
	checkTexts(t, s, left)
	checkTexts(t, other, left)
}

// TestSparseSegments checks that segments with few captures get no text index.
func TestSparseSegments(t *testing.T) {
	t.Parallel()
	s := openPartitioned(t, pgtest.Start(t), Options{PerBin: 30}, 0)
	defer s.Close()
	stored := appendSearched(t, s, 0, textindex.SegmentSize+10)
	untilIndexed(t, s, 0)
	if found := s.indexes(t); fmt.Sprint(found) != "map[0:0]" {
		t.Errorf("text indexes %v", found)
	}
	left := map[string]int{}
	slices.Reverse(stored)
	stored = slices.DeleteFunc(stored, func(c journal.Capture) bool { left[c.Bin]++; return left[c.Bin] > 30 })
	slices.Reverse(stored)
	checkTexts(t, s, stored)
}

// BenchmarkTextIndex compares the two kinds of text indexes: that of package textindex, and one by
// pg_trgm of the folded texts.
func BenchmarkTextIndex(b *testing.B) {
	list := make([]journal.Capture, textindex.SegmentSize)
	for i := range list {
		list[i] = randomWebhook(i)
	}
	b.Run("textindex", func(b *testing.B) {
		index, bytes := textindex.New(), 0
		for b.Loop() {
			index.Reset()
			for i := range list {
				index.Add(&list[i])
			}
			index.Shrink()
			bytes += index.Slices() * textindex.SliceRows * textindex.RowSize
		}
		b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*len(list)), "µs/capture")
		b.ReportMetric(float64(bytes)/float64(b.N*len(list)), "B/capture")
	})
	b.Run("pg_trgm", func(b *testing.B) {
		c := trigrams(b)
		captures := 0
		for b.Loop() {
			seqs, texts := newArray(typeInt8, 0), newArray(typeText, 0)
			var f journal.Folded
			for i := range list {
				f.Read(&list[i])
				var text []byte
				for part := range f.Parts {
					text = append(append(text, part...), '\n')
				}
				seqs.addNumber(int64(captures))
				texts.addBytes([]byte(strings.ToValidUTF8(string(text), "?")))
				captures++
			}
			if err := c.query(b.Context(), "INSERT INTO trigrams SELECT * FROM unnest($1::bigint[], $2::text[])", [][]byte{seqs.data, texts.data}, nil); err != nil {
				b.Fatal(err)
			}
		}
		if err := c.query(b.Context(), "SELECT gin_clean_pending_list('trigrams_text')", nil, nil); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(captures), "µs/capture")
		if err := c.query(b.Context(), "SELECT pg_total_relation_size('trigrams')", nil, func(row [][]byte) error {
			b.ReportMetric(float64(integer(row[0]))/float64(captures), "B/capture")
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	})
}

// randomWebhook returns a capture with a text of about 600 bytes, most of them in no other one.
func randomWebhook(i int) journal.Capture {
	r := rand.New(rand.NewPCG(uint64(i), 1))
	c := journal.Capture{Seq: uint64(i), Message: wire.Message{Method: "POST", Target: "/hooks/in"}}
	for _, line := range [][2]string{{"User-Agent", "provider/1.0"}, {"Content-Type", "application/json; charset=utf-8"}, {"X-Event", "Pass:Installed"}} {
		c.Headers.Add(line[0], line[1])
	}
	c.Headers.Add("X-Signature", fmt.Sprintf("%016x%016x%016x%016x", r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64()))
	c.Body = fmt.Appendf(nil, `{"id":"%016x%016x","passId":"%016x%08x","customer":{"email":"u%d@example.com","phone":"+33%d"},"createdAt":"2026-11-28T09:%02d:%02dZ",`+
		`"amount":%d,"items":[{"sku":"%010x"},{"sku":"%010x"}],"event":"Pass:Installed","url":"https://wallet.example.com/p/%016x%08x"}`,
		r.Uint64(), r.Uint64(), r.Uint64(), r.Uint32(), r.IntN(1e6), r.IntN(1e9), r.IntN(60), r.IntN(60), r.IntN(10000), r.IntN(1<<40), r.IntN(1<<40), r.Uint64(), r.Uint32())
	return c
}

// typeText is the number of the type text.
const typeText = 25

// trigrams connects to a server with a table of texts that are indexed by pg_trgm.
func trigrams(b *testing.B) *conn {
	b.Helper()
	config, _, err := parse(pgtest.Start(b, "fsync=on") + "&search_path=public")
	if err != nil {
		b.Fatal(err)
	}
	c, err := connect(b.Context(), config)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(c.close)
	if err := c.run(b.Context(), "CREATE EXTENSION pg_trgm; CREATE TABLE trigrams (seq bigint, text text); CREATE INDEX trigrams_text ON trigrams USING gin (text gin_trgm_ops)"); err != nil {
		b.Fatal(err)
	}
	return c
}
