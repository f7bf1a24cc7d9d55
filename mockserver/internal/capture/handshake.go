package capture

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/internal/clip"
	"github.com/hookrig/hookrig/internal/content"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// Handshake answers a provider's verification challenge for a new endpoint, in the form that the
// provider wants. It does not change the response to other requests.
type Handshake struct {
	// Kind names the provider: one of HandshakeKinds.
	Kind string `json:"kind"`
	// Secret depends on the kind. twitter needs the consumer secret. meta takes the verify token
	// and discord the public key in hex: a request without that token or signature is then refused,
	// as a real consumer must do. The others have none.
	Secret string `json:"secret,omitempty"`
}

// handshake is one kind of Handshake.
type handshake struct {
	kind   string
	secret use
	// response returns the response to a request; ok is false when the request is no challenge.
	response func(m *signature.Message, secret string) (r journal.Response, ok bool)
}

// use is whether a kind has a secret.
type use int

const (
	without use = iota
	optional
	needed
)

// handshakes returns all kinds.
func handshakes() []handshake {
	return []handshake{
		{"slack", without, slackChallenge},
		{"discord", optional, discordPing},
		{"meta", optional, metaSubscription},
		{"twitter", needed, twitterCRC},
		{"cloudevents", without, cloudEventsPermission},
	}
}

// HandshakeKinds returns the kinds of Handshake.
func HandshakeKinds() []string {
	var kinds []string
	for _, h := range handshakes() {
		kinds = append(kinds, h.kind)
	}
	return kinds
}

// slackChallenge repeats the challenge: https://docs.slack.dev/reference/events/url_verification.
func slackChallenge(m *signature.Message, _ string) (journal.Response, bool) {
	challenge := gjson.GetBytes(m.Body, "challenge")
	if gjson.GetBytes(m.Body, "type").Str != "url_verification" || challenge.Type != gjson.String {
		return journal.Response{}, false
	}
	return plainResponse(challenge.Str), true
}

// discordPing acknowledges a PING of interactions (type 1), and of webhook events, whose PING is 0
// and whose events are 1: https://docs.discord.com/developers/interactions/overview and
// https://docs.discord.com/developers/events/webhook-events. With a public key it refuses a PING
// that is not signed with it, as Discord requires.
func discordPing(m *signature.Message, key string) (journal.Response, bool) {
	kind := gjson.GetBytes(m.Body, "type")
	if m.Method != http.MethodPost || kind.Type != gjson.Number || gjson.GetBytes(m.Body, "event").Exists() {
		return journal.Response{}, false
	}
	var r journal.Response
	switch kind.Raw {
	case "0":
		r = journal.Response{Status: http.StatusNoContent, Headers: map[string]string{"Content-Type": "application/json"}}
	case "1":
		r = journal.Response{Body: `{"type":1}`, Headers: map[string]string{"Content-Type": "application/json"}}
	default:
		return r, false
	}
	if key != "" && !signedByDiscord(m, key) {
		return journal.Response{Status: http.StatusUnauthorized, Body: "invalid request signature"}, true
	}
	return r, true
}

func signedByDiscord(m *signature.Message, key string) bool {
	public, err := hex.DecodeString(key)
	if err != nil || len(public) != ed25519.PublicKeySize {
		return false
	}
	signed, err := hex.DecodeString(m.Headers.Get("X-Signature-Ed25519"))
	return err == nil && ed25519.Verify(public, append([]byte(m.Headers.Get("X-Signature-Timestamp")), m.Body...), signed)
}

// metaSubscription repeats hub.challenge to a sender that knows the verify token:
// https://developers.facebook.com/docs/graph-api/webhooks/getting-started#verification-requests.
func metaSubscription(m *signature.Message, token string) (journal.Response, bool) {
	query := queryOf(m)
	if m.Method != http.MethodGet || query.Get("hub.mode") != "subscribe" || !query.Has("hub.challenge") || !query.Has("hub.verify_token") {
		return journal.Response{}, false
	}
	if token != "" && subtle.ConstantTimeCompare([]byte(token), []byte(query.Get("hub.verify_token"))) == 0 {
		return journal.Response{Status: http.StatusForbidden, Body: "hub.verify_token is not this bin's"}, true
	}
	return plainResponse(query.Get("hub.challenge")), true
}

// twitterCRC signs the token of a challenge-response check:
// https://docs.x.com/x-api/webhooks/introduction, "Challenge-Response Checks".
func twitterCRC(m *signature.Message, secret string) (journal.Response, bool) {
	query := queryOf(m)
	if m.Method != http.MethodGet || !query.Has("crc_token") {
		return journal.Response{}, false
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(query.Get("crc_token")))
	token := "sha256=" + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	body, err := json.Marshal(map[string]string{"response_token": token})
	if err != nil {
		panic(err) // a map of strings can always be encoded
	}
	return journal.Response{Body: string(body), Headers: map[string]string{"Content-Type": "application/json"}}, true
}

// cloudEventsPermission allows the origin to send, at the rate that it asks for, or at any rate:
// HTTP 1.1 Web Hooks for Event Delivery 1.0.2 §4,
// https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/http-webhook.md#4-abuse-protection.
func cloudEventsPermission(m *signature.Message, _ string) (journal.Response, bool) {
	origin, asked := m.Headers.Lookup("WebHook-Request-Origin")
	rate := m.Headers.Get("WebHook-Request-Rate")
	if m.Method != http.MethodOptions || !asked || strings.ContainsAny(origin+rate, "\r\n\x00") {
		return journal.Response{}, false // a value with a line end cannot be repeated
	}
	if rate == "" {
		rate = "*"
	}
	return journal.Response{Headers: map[string]string{"Allow": "POST", "WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": rate}}, true
}

// plainResponse returns a plain text response, even for text that looks like JSON.
func plainResponse(text string) journal.Response {
	return journal.Response{Headers: map[string]string{"Content-Type": "text/plain"}, Body: text}
}

// queryOf returns the query parameters of a request, as far as they can be parsed.
func queryOf(m *signature.Message) url.Values {
	_, query, _ := strings.Cut(content.Path(m.Target), "?")
	query, _, _ = strings.Cut(query, "#")
	values, _ := url.ParseQuery(query) // unreadable parameters are ignored
	return values
}

// Check returns what is wrong with a handshake. The error wraps ErrInvalid.
func (h Handshake) Check() error {
	_, err := h.ready()
	return err
}

// ready returns the kind of a handshake, once it is checked.
func (h Handshake) ready() (handshake, error) {
	all := handshakes()
	at := slices.IndexFunc(all, func(k handshake) bool { return k.kind == h.Kind })
	switch {
	case at < 0:
		return handshake{}, fmt.Errorf("%w: handshake %s: want one of %s", ErrInvalid, clip.Quote(h.Kind), strings.Join(HandshakeKinds(), ", "))
	case all[at].secret == needed && h.Secret == "":
		return handshake{}, fmt.Errorf("%w: handshake %s: it needs a secret, as in {\"kind\": %q, \"secret\": \"…\"}", ErrInvalid, h.Kind, h.Kind)
	case all[at].secret == without && h.Secret != "":
		return handshake{}, fmt.Errorf("%w: handshake %s: it takes no secret: remove it", ErrInvalid, h.Kind)
	case h.Kind == "discord" && h.Secret != "":
		if key, err := hex.DecodeString(h.Secret); err != nil || len(key) != ed25519.PublicKeySize {
			return handshake{}, fmt.Errorf("%w: handshake discord: the secret is the application's public key: want %d hexadecimal digits", ErrInvalid, 2*ed25519.PublicKeySize)
		}
	}
	return all[at], nil
}

// handshaker answers a bin's handshakes.
type handshaker struct {
	kinds   []handshake
	secrets []string
}

// newHandshaker prepares handshakes. It returns nil for none. Errors wrap ErrInvalid.
func newHandshaker(list []Handshake) (*handshaker, error) {
	if len(list) == 0 {
		return nil, nil
	}
	g := &handshaker{}
	for _, h := range list {
		kind, err := h.ready()
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(g.kinds, func(k handshake) bool { return k.kind == h.Kind }) {
			return nil, fmt.Errorf("%w: handshake %s is listed twice: list it once", ErrInvalid, h.Kind)
		}
		g.kinds, g.secrets = append(g.kinds, kind), append(g.secrets, h.Secret)
	}
	return g, nil
}

// answer returns the response to a challenge, and nil for any other request. The first kind that
// recognises the request answers it.
func (h *handshaker) answer(m *signature.Message) *answer {
	for i, k := range h.kinds {
		if r, ok := k.response(m, h.secrets[i]); ok {
			return newAnswer(r)
		}
	}
	return nil
}
