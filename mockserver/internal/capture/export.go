package capture

import (
	"context"
	"io"

	"github.com/hookrig/hookrig/mockserver/internal/export"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/query"
)

// Export writes the captures that the query selects in a format, oldest first, whatever the query's order and limit; what
// arrives after it began is not in it. Errors wrap ErrInvalid or export.ErrInvalid, or are the store's or the writer's.
func (s *Server) Export(ctx context.Context, q query.Query, format export.Format, w io.Writer, o export.Options) error {
	if q.Bin != "" {
		if err := journal.CheckBin(q.Bin); err != nil {
			return err
		}
	}
	if o.Name == "" {
		o.Name = q.Bin
	}
	if o.Catalogue == nil {
		o.Catalogue = s.o.Catalogue
	}
	return format.Write(w, s.Each(ctx, q), o)
}
