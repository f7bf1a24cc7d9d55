package capture

import (
	"context"
	"fmt"
	"sync"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/analysis"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// first gives each of the first deliveries its own list of responses.
type first struct {
	mu    sync.Mutex
	lists [][]*answer
	taken map[analysis.DeliveryKey]*place // at most one for each list
}

// place is a delivery's list and how many responses it has taken.
type place struct{ list, taken int }

// newFirst compiles the lists. It returns nil for none. Errors wrap ErrInvalid.
func newFirst(lists [][]journal.Response) (*first, error) {
	if len(lists) == 0 {
		return nil, nil
	}
	f := &first{taken: map[analysis.DeliveryKey]*place{}}
	total := 0
	for i, list := range lists {
		where := fmt.Sprintf("delivery %d", i+1)
		if total += len(list); len(list) == 0 || total > maxResponses {
			return nil, fmt.Errorf("%w: %s: want 1 response or more, and at most %d for all deliveries", ErrInvalid, where, maxResponses)
		}
		var answers []*answer
		for k, r := range list {
			if err := checkResponse(r, fmt.Sprintf("%s: response %d", where, k+1)); err != nil {
				return nil, err
			}
			answers = append(answers, newAnswer(r))
		}
		f.lists = append(f.lists, answers)
	}
	return f, nil
}

// firstSequence is the number of the lists among the sequences.
const firstSequence = -1

// next takes the next response of a request's delivery. It returns nil when the delivery is not one
// of the first.
func (f *first) next(ctx context.Context, s *script, m *signature.Message) (*answer, error) {
	key := analysis.DeliveryOf(m, s.provider, firstSequence)
	list, taken, err := f.take(ctx, s.shared, key)
	if err != nil || list == len(f.lists) {
		return nil, err
	}
	answers := f.lists[list]
	return answers[min(taken, len(answers)-1)], nil
}

// take returns the list of a delivery, len(lists) for none, and how many of its responses were
// taken, and counts one more.
func (f *first) take(ctx context.Context, shared *sharedTurns, key analysis.DeliveryKey) (list, taken int, err error) {
	if shared != nil {
		return shared.first(ctx, key, len(f.lists))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	at := f.taken[key]
	if at == nil {
		if len(f.taken) == len(f.lists) {
			return len(f.lists), 0, nil
		}
		at = &place{list: len(f.taken)}
		f.taken[key] = at
	}
	at.taken++
	return at.list, at.taken - 1, nil
}
