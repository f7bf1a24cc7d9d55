package analysis

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
)

// DeliveryKey identifies a delivery by what its attempts have in common.
type DeliveryKey [sha256.Size]byte

// DeliveryOf returns the delivery that a request is an attempt of. It uses the id that the sender
// gives the delivery, in a header line or in the body, or else the body itself, which stays the
// same from attempt to attempt. One event to two paths is two deliveries. The sequence number is
// part of the key: one delivery takes the responses of several sequences, each from its start.
func DeliveryOf(m *signature.Message, p *fixtures.Provider, sequence int) DeliveryKey {
	path, _, _ := strings.Cut(m.Target, "?")
	hash := sha256.New()
	var number [8]byte
	hash.Write(binary.BigEndian.AppendUint64(number[:0], uint64(sequence)))
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

// deliveryID returns the id in the request that is the same in every attempt, or "". It first looks
// where p, the bin's provider, puts it; p may be nil. Then it looks where common senders put it, if
// they promise that a retry repeats it:
//
//   - webhook-id: Standard Webhooks, https://www.standardwebhooks.com; svix-id: Svix, before that
//   - X-GitHub-Delivery:
//     https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers
//   - X-Shopify-Webhook-Id: https://shopify.dev/docs/apps/build/webhooks/ignore-duplicates
//   - Idempotency-Key: GitLab,
//     https://docs.gitlab.com/user/project/integrations/webhooks/#delivery-headers
//   - X-Atlassian-Webhook-Identifier: https://developer.atlassian.com/cloud/jira/platform/webhooks
//   - I-Twilio-Idempotency-Token:
//     https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
//   - ce-id with ce-source: CloudEvents 1.0 over HTTP, binary mode
//   - "id" of an object that is an event: Stripe,
//     https://docs.stripe.com/webhooks#handle-duplicate-events
//   - "__id": The Wallet Crew
//
// An id of a request or an endpoint (X-Request-Id, X-Gitlab-Webhook-UUID) does not count. Most
// senders repeat the body in retries, so they need no id.
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
