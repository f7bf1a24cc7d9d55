package capture

import (
	"context"
	"io"

	"github.com/hookrig/hookrig/mockserver/internal/export"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// How many captures an export reads at a time: few at first, as each may have 16 MiB, and then so many that they come to
// exportHeld bytes together, if they go on like those before.
const (
	exportFirst  = 4
	exportMost   = 200
	exportBuffer = 32 << 20
)

// Export writes the captures that the query selects in a format, oldest first, whatever the query's order and limit; what
// arrives after it began is not in it. Errors wrap ErrInvalid or export.ErrInvalid, or are the store's or the writer's.
func (s *Server) Export(ctx context.Context, q Query, format export.Format, w io.Writer, o export.Options) error {
	if q.Bin != "" {
		if err := checkBin(q.Bin); err != nil {
			return err
		}
	}
	if o.Name == "" {
		o.Name = q.Bin
	}
	if o.Catalogue == nil {
		o.Catalogue = s.o.Catalogue
	}
	return format.Write(w, s.each(ctx, q), o)
}

// each yields the captures that the query selects, oldest first.
func (s *Server) each(ctx context.Context, q Query) export.Captures {
	return func(yield func(journal.Capture, error) bool) {
		newest, err := s.o.Store.Captures(ctx, journal.CaptureQuery{Limit: 1})
		if err == nil && len(newest) > 0 && (q.Before == 0 || q.Before > newest[0].Seq) {
			q.Before = newest[0].Seq + 1
		}
		q.Oldest, q.Limit = true, exportFirst
		held := int(min(exportBuffer, s.o.InFlight/4))
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
			q.Limit = min(max(held/(size/len(batch)+1), 1), exportMost)
		}
	}
}
