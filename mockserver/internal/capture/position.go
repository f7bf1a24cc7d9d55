package capture

import (
	"sync"

	"github.com/hookrig/hookrig/mockserver/internal/analysis"
)

// rememberedDeliveries is how many deliveries positions always remember; they hold up to twice as
// many.
const rememberedDeliveries = 50_000

// positions counts the responses that each delivery has taken. It forgets the least recently seen
// deliveries: of two generations, it drops the older when the younger is full.
type positions struct {
	mu         sync.Mutex
	young, old map[analysis.DeliveryKey]uint64
	remembered int
}

func newPositions() *positions {
	return &positions{young: map[analysis.DeliveryKey]uint64{}, remembered: rememberedDeliveries}
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
