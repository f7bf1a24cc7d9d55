package capture

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"sync"

	"github.com/tidwall/gjson"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
)

// delivery names what the attempts of one delivery have in common.
type delivery [sha256.Size]byte

// deliveryOf says which delivery a request is an attempt of: the id that its sender gives it, in a header line or in
// the body, else the body itself, which stays the same from attempt to attempt. One event to two paths is two deliveries.
// The plan is part of it, so that one delivery takes the turns of several plans, each from the first.
func deliveryOf(m *signature.Message, p *fixtures.Provider, plan int) delivery {
	path, _, _ := strings.Cut(m.Target, "?")
	hash := sha256.New()
	var number [8]byte
	hash.Write(binary.BigEndian.AppendUint64(number[:0], uint64(plan)))
	hash.Write([]byte(path))
	hash.Write([]byte{0})
	if id := deliveryID(m, p); id != "" {
		hash.Write([]byte(id))
	} else {
		hash.Write([]byte{0})
		hash.Write(m.Body)
	}
	var d delivery
	hash.Sum(d[:0])
	return d
}

// deliveryID returns the id in the request that is the same in every attempt, or "". The bin's provider says first where
// it stands; p may be nil. Else it is where common senders have it, as far as they promise that a retry repeats it:
//
//   - webhook-id: Standard Webhooks, https://www.standardwebhooks.com; svix-id: Svix, before that
//   - X-GitHub-Delivery: https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers
//   - X-Shopify-Webhook-Id: https://shopify.dev/docs/apps/build/webhooks/ignore-duplicates
//   - Idempotency-Key: GitLab, https://docs.gitlab.com/user/project/integrations/webhooks/#delivery-headers
//   - X-Atlassian-Webhook-Identifier: https://developer.atlassian.com/cloud/jira/platform/webhooks
//   - I-Twilio-Idempotency-Token: https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
//   - ce-id with ce-source: CloudEvents 1.0 over HTTP, binary mode
//   - "id" of an object that is an event: Stripe, https://docs.stripe.com/webhooks#handle-duplicate-events
//   - "__id": The Wallet Crew
//
// What only names a request or an endpoint (X-Request-Id, X-Gitlab-Webhook-UUID) is no such id. A sender whose retries
// repeat the body, as most do, needs none.
func deliveryID(m *signature.Message, p *fixtures.Provider) string {
	if p != nil {
		if id := p.EventID(m); id != "" {
			return id
		}
	}
	for i := range m.Headers {
		switch name := m.Headers[i].Name; {
		case is(name, "webhook-id"), is(name, "svix-id"), is(name, "x-github-delivery"), is(name, "x-shopify-webhook-id"),
			is(name, "idempotency-key"), is(name, "x-atlassian-webhook-identifier"), is(name, "i-twilio-idempotency-token"):
			return m.Headers[i].Value
		case is(name, "ce-id"):
			return m.Headers.Get("ce-source") + "\x00" + m.Headers[i].Value
		}
	}
	if id := gjson.GetBytes(m.Body, "__id"); id.Exists() {
		return id.String()
	}
	if id := gjson.GetBytes(m.Body, "id"); id.Type == gjson.String && gjson.GetBytes(m.Body, "object").Str == "event" {
		return id.Str
	}
	return ""
}

// rememberedDeliveries is how many deliveries a turnBook is sure to remember; it holds twice as many at most.
const rememberedDeliveries = 50_000

// positions counts the responses that each delivery has taken. It forgets those that were not seen for longest: two
// generations, of which the older is dropped when the younger is full.
type positions struct {
	mu         sync.Mutex
	young, old map[delivery]uint64
	remembered int
}

func newPositions() *positions {
	return &positions{young: map[delivery]uint64{}, remembered: rememberedDeliveries}
}

// next returns the number of d's next turn, from 0.
func (b *positions) next(d delivery) uint64 {
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
