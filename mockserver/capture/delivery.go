package capture

import (
	"crypto/sha256"
	"strings"
	"sync"

	"github.com/tidwall/gjson"

	"github.com/hookrig/hookrig/fixtures/signature"
)

// delivery names what the attempts of one delivery have in common.
type delivery [sha256.Size]byte

// deliveryOf says which delivery a request is an attempt of: the id that its sender gives it, in a header line or in
// the body, else the body itself, which stays the same from attempt to attempt. One event to two paths is two deliveries.
func deliveryOf(m *signature.Message) delivery {
	path, _, _ := strings.Cut(m.Target, "?")
	hash := sha256.New()
	hash.Write([]byte(path))
	hash.Write([]byte{0})
	if id := deliveryID(m); id != "" {
		hash.Write([]byte(id))
	} else {
		hash.Write([]byte{0})
		hash.Write(m.Body)
	}
	var d delivery
	hash.Sum(d[:0])
	return d
}

// deliveryID returns the id in the request, or "". Header lines: Standard Webhooks (and Svix before it), GitHub,
// Shopify. Body: The Wallet Crew's "__id".
func deliveryID(m *signature.Message) string {
	for i := range m.Headers {
		switch name := m.Headers[i].Name; len(name) {
		case len("svix-id"), len("webhook-id"), len("x-github-delivery"), len("x-shopify-webhook-id"):
			if is(name, "webhook-id") || is(name, "svix-id") || is(name, "x-github-delivery") || is(name, "x-shopify-webhook-id") {
				return m.Headers[i].Value
			}
		}
	}
	if id := gjson.GetBytes(m.Body, "__id"); id.Exists() {
		return id.String()
	}
	return ""
}

// rememberedDeliveries is how many deliveries a turnBook is sure to remember; it holds twice as many at most.
const rememberedDeliveries = 50_000

// turnBook counts the turns that each delivery has taken. It forgets those that were not seen for longest: two
// generations, of which the older is dropped when the younger is full.
type turnBook struct {
	mu         sync.Mutex
	young, old map[delivery]uint64
	remembered int
}

func newTurnBook() *turnBook {
	return &turnBook{young: map[delivery]uint64{}, remembered: rememberedDeliveries}
}

// next returns the number of d's next turn, from 0.
func (b *turnBook) next(d delivery) uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	turn, ok := b.young[d]
	if !ok {
		turn = b.old[d]
		if len(b.young) >= b.remembered {
			b.young, b.old = map[delivery]uint64{}, b.young
		}
	}
	b.young[d] = turn + 1
	return turn
}
