package query

import (
	"context"
	"iter"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// How many captures Each reads at a time. It starts with few, as each may have 16 MiB, and then
// reads as many as take about eachBuffer bytes, by the size of those before.
const (
	eachFirst  = 4
	eachMost   = 200
	eachBuffer = 32 << 20
)

// Each yields the captures that the query selects, oldest first, whatever the query's order and
// limit. It leaves out captures that arrive after it began. It stops after an error.
func (s *Searcher) Each(ctx context.Context, q Query) iter.Seq2[journal.Capture, error] {
	return func(yield func(journal.Capture, error) bool) {
		newest, err := s.o.Store.Captures(ctx, journal.CaptureQuery{Limit: 1})
		if err == nil && len(newest) > 0 && (q.Before == 0 || q.Before > newest[0].Seq) {
			q.Before = newest[0].Seq + 1
		}
		q.Oldest, q.Limit = true, eachFirst
		limit := int(min(eachBuffer, s.o.Memory/4))
		for {
			var batch []journal.Capture
			if err == nil {
				batch, err = s.Captures(ctx, q)
			}
			if err != nil {
				yield(journal.Capture{}, err)
				return
			}
			size := 1
			for i := range batch {
				size += batch[i].Size()
				q.After = batch[i].Seq
				if !yield(batch[i], nil) {
					return
				}
			}
			if len(batch) < q.Limit {
				return
			}
			q.Limit = min(max(limit/(size/len(batch)+1), 1), eachMost)
		}
	}
}
