package capture

import (
	"fmt"
	"sync"

	"github.com/hookrig/hookrig/fixtures"
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

// next takes the next response of a request's delivery. It returns nil when the delivery is not one
// of the first.
func (f *first) next(m *signature.Message, p *fixtures.Provider) *answer {
	key := analysis.DeliveryOf(m, p, -1)
	f.mu.Lock()
	defer f.mu.Unlock()
	at := f.taken[key]
	if at == nil {
		if len(f.taken) == len(f.lists) {
			return nil
		}
		at = &place{list: len(f.taken)}
		f.taken[key] = at
	}
	list := f.lists[at.list]
	a := list[min(at.taken, len(list)-1)]
	at.taken++
	return a
}
