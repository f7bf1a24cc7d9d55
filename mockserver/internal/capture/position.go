package capture

import (
	"sync"

	"github.com/hookrig/hookrig/mockserver/internal/analysis"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// positions counts the responses that each delivery has taken. It forgets the least recently seen
// deliveries, as journal.Sequences does: of two generations, it drops the older when the younger is
// full.
type positions struct {
	mu         sync.Mutex
	young, old map[analysis.DeliveryKey]uint64
	remembered int
}

func newPositions() *positions {
	return &positions{young: map[analysis.DeliveryKey]uint64{}, remembered: journal.RememberedMembers}
}

// next returns the number of d's next response, from 0.
func (b *positions) next(d analysis.DeliveryKey) uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	position, ok := b.young[d]
	if !ok {
		position = b.old[d]
		if len(b.young) >= b.remembered {
			b.young, b.old = map[analysis.DeliveryKey]uint64{}, b.young
		}
	}
	b.young[d] = position + 1
	return position
}
