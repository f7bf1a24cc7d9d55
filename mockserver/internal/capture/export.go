package capture

import (
	"context"
	"io"

	"github.com/hookrig/hookrig/mockserver/internal/export"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/query"
)

// Export writes the captures that the query selects in a format, oldest first, whatever the query's
// order and limit. It leaves out captures that arrive after it began. Errors wrap ErrInvalid or
// export.ErrInvalid, or come from the store or the writer.
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
