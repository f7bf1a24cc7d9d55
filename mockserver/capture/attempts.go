package capture

import (
	"context"
	"slices"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/journal"
)

// searched bounds how many captures of the bin Attempts looks at on each side.
const searched = 10_000

// Attempts returns the captures of the same bin that are attempts of the same delivery, oldest first, c itself among
// them: those with the delivery id that their sender gave them, or else with the same body. It looks at the ten thousand
// captures of the bin before c, and at as many after it.
func (s *Server) Attempts(ctx context.Context, c journal.Capture) ([]journal.Capture, error) {
	p := s.providerOf(c.Bin)
	same := func(m *signature.Message) bool { return deliveryOf(m, p, 0) == deliveryOf(&c.Message, p, 0) }
	before, err := s.attempts(ctx, journal.CaptureQuery{Bin: c.Bin, Before: c.Seq}, same)
	if err != nil {
		return nil, err
	}
	after, err := s.attempts(ctx, journal.CaptureQuery{Bin: c.Bin, After: c.Seq, Oldest: true}, same)
	slices.Reverse(before)
	return slices.Concat(before, []journal.Capture{c}, after), err
}

// attempts finds the captures of a delivery among those that the query selects, in its order.
func (s *Server) attempts(ctx context.Context, q journal.CaptureQuery, same func(*signature.Message) bool) ([]journal.Capture, error) {
	var found []journal.Capture
	q.Limit = journal.MaxLimit
	for range searched / journal.MaxLimit {
		page, err := s.o.Store.Captures(ctx, q)
		if err != nil {
			return nil, err
		}
		for i := range page {
			if same(&page[i].Message) {
				found = append(found, page[i])
			}
		}
		if len(page) < q.Limit {
			break
		}
		if last := page[len(page)-1].Seq; q.Oldest {
			q.After = last
		} else {
			q.Before = last
		}
	}
	return found, nil
}
