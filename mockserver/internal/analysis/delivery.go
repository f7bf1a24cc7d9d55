package analysis

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
)

// DeliveryKey names what the attempts of one delivery have in common.
type DeliveryKey [sha256.Size]byte

// DeliveryOf says which delivery a request is an attempt of: the id that its sender gives it, in a header line or in
// the body, else the body itself, which stays the same from attempt to attempt. One event to two paths is two deliveries.
// The plan is part of it, so that one delivery takes the responses of several plans, each from the first.
func DeliveryOf(m *signature.Message, p *fixtures.Provider, plan int) DeliveryKey {
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
	var d DeliveryKey
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
		case strings.EqualFold(name, "webhook-id"), strings.EqualFold(name, "svix-id"), strings.EqualFold(name, "x-github-delivery"), strings.EqualFold(name, "x-shopify-webhook-id"),
			strings.EqualFold(name, "idempotency-key"), strings.EqualFold(name, "x-atlassian-webhook-identifier"), strings.EqualFold(name, "i-twilio-idempotency-token"):
			return m.Headers[i].Value
		case strings.EqualFold(name, "ce-id"):
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
