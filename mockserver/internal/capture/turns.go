package capture

import (
	"context"
	"errors"
	"fmt"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/analysis"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// sharedTurns counts the responses that were taken from a bin's script, once over all servers of
// the store.
type sharedTurns struct {
	store         journal.Sequences
	bin, revision string
}

// next returns the position of a request in a sequence.
func (t *sharedTurns) next(ctx context.Context, p *sequence, m *signature.Message, provider *fixtures.Provider) (uint64, error) {
	k := journal.TurnKey{Kind: documents, Key: t.bin, Revision: t.revision, Sequence: p.number}
	if p.positions != nil {
		d := analysis.DeliveryOf(m, provider, p.number)
		k.Member = string(d[:])
	}
	turn, err := t.store.Turn(ctx, k)
	return turn.Taken, err
}

// first returns the list of a delivery among the lists for the first n deliveries, n for none, and
// how many responses it has taken.
func (t *sharedTurns) first(ctx context.Context, d analysis.DeliveryKey, n int) (list, taken int, err error) {
	turn, err := t.store.Turn(ctx, journal.TurnKey{
		Kind: documents, Key: t.bin, Revision: t.revision, Sequence: firstSequence, Member: string(d[:]), First: n,
	})
	return turn.Ordinal, int(turn.Taken), err
}

// mostOutdated is how often the settings of a bin may change while a request is answered.
const mostOutdated = 10

// respond chooses the response to a request of a bin: see bin.response. If another server has
// changed the settings meanwhile, it reads them again. It returns the bin that they belong to, nil
// for none.
func (s *Server) respond(name string, b *bin, m *signature.Message, fallback *answer) (*bin, *answer, error) {
	var a *answer
	var err error
	for range mostOutdated {
		if b == nil {
			return nil, fallback, nil
		}
		if a, err = b.response(s, m, fallback); !errors.Is(err, journal.ErrOutdated) {
			return b, a, err
		}
		if err := s.reload(s.ctx, name); err != nil {
			return b, nil, err
		}
		b = s.bins.get(name)
	}
	return b, nil, fmt.Errorf("bin %s: choose a response: %w", name, err)
}
