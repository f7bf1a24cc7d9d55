package mockserver

import (
	"context"
	"fmt"
	"strings"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/query"
)

// dumpLimit is how many captures, and how many deliveries, Dump shows.
const dumpLimit = 50

// Dump returns the newest 50 captures and deliveries as text, oldest first, for the report of a
// failed test. It leaves out the secrets in addresses. If a record cannot be read, it says why.
func (s *Server) Dump(ctx context.Context) string {
	var b strings.Builder
	captures, err := s.capture.Captures(ctx, query.Query{CaptureQuery: journal.CaptureQuery{Limit: dumpLimit}})
	section(&b, "captures", len(captures), err)
	for i := len(captures) - 1; i >= 0; i-- {
		fmt.Fprintf(&b, "  %s: %s\n", captures[i].Bin, captures[i].GomegaString())
	}
	deliveries, err := s.store.Deliveries(ctx, journal.DeliveryQuery{Limit: dumpLimit})
	section(&b, "deliveries", len(deliveries), err)
	for i := len(deliveries) - 1; i >= 0; i-- {
		fmt.Fprintf(&b, "  %s\n", strings.ReplaceAll(deliveries[i].GomegaString(), "\n", "\n  "))
	}
	return b.String()
}

func section(b *strings.Builder, title string, n int, err error) {
	switch {
	case err != nil:
		fmt.Fprintf(b, "%s: %v\n", title, err)
	case n == 0:
		fmt.Fprintf(b, "%s: none\n", title)
	default:
		fmt.Fprintf(b, "%s:\n", title)
	}
}
