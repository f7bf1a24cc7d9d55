package consumers

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// provider is what a consumer has to know about a provider. Places are paths of the body, such as
// data.object.id, or header lines, such as "header X-GitHub-Event".
type provider struct {
	signature string // the header line with the signature
	verify    func(signature string, body []byte, secrets []string, now time.Time) bool
	name      []string       // places of the event's name, which are joined with a dot
	known     *regexp.Regexp // names of the events that have an effect
	id        string         // place of the event's id; "" is none, so the body's hash is the id
	entities  []entity       // the first whose id is in the request is the event's
	maxBody   int64
}

// entity is what an event may be about.
type entity struct {
	prefix string   // before the id, where ids of several kinds of entities are alike
	id     []string // places of the id, which are joined with a slash
	at     []string // places of times; the latest is the event's
}

// Most bodies have a few KB. GitHub documents 25 MB.
const maxBody = 4 << 20

var triggered = []string{"header x-subscribfy-triggered-at"}

var providers = map[string]provider{
	"neostore": {
		signature: "X-Neostore-Signature", verify: bodySigned(""), maxBody: maxBody,
		name: []string{"__eventName"}, id: "__id",
		known: regexp.MustCompile(`^(Customer:Upserted|Pass:(Created|Installed|Uninstalled|Updated|UpdateSent)|Redirect:Redirected)$`),
		entities: []entity{
			{id: []string{"passId"}, at: []string{"__creationDate"}},
			{id: []string{"redirectId"}, at: []string{"__creationDate"}},
			{id: []string{"identifiers.shopifyId"}, at: []string{"__creationDate"}},
		},
	},
	"subscribfy": {
		signature: "Signature", verify: bodySigned(""), maxBody: maxBody,
		name: []string{"topic"},
		known: regexp.MustCompile(`^(wallet_pass/(created|updated|installed|removed)` +
			`|(membership|product_subscription)/(created|updated|paused|reactivated|cancelled|billing_success|billing_failure)` +
			`|membership/store_credits_changed` +
			`|loyalty/((rule|tier|coupon)_(created|updated)|coupon_redeemed|rule_completed|points_changed|tier_changed|tier_lost))$`),
		entities: []entity{
			{id: []string{"data.pass_instance.serial_number"}, at: triggered},
			{prefix: "membership/", id: []string{"data.membership.id"}, at: []string{"data.membership.updated_at"}},
			{prefix: "product_subscription/", id: []string{"data.product_subscription.id"}, at: []string{"data.product_subscription.updated_at"}},
			{id: []string{"data.customer.id"}, at: triggered},
			{prefix: "rule/", id: []string{"data.rule.id"}, at: []string{"data.rule.updated_at"}},
			{prefix: "tier/", id: []string{"data.tier.id"}, at: []string{"data.tier.updated_at"}},
			{prefix: "coupon/", id: []string{"data.coupon.id"}, at: []string{"data.coupon.updated_at"}},
		},
	},
	"ethpass": {
		signature: "Authorization", verify: secretSent, maxBody: maxBody,
		name: []string{"event"}, known: regexp.MustCompile(`^pass:(create|register|unregister|expire|scan)$`),
		entities: []entity{{
			id: []string{"result.id"}, // an event has no time: it is as new as the newest time in it
			at: []string{"result.createdAt", "result.expiredAt", "result.lastScannedAt", "result.registrations.*.createdAt", "result.registrations.*.deletedAt"},
		}},
	},
	"stripe": {
		signature: "Stripe-Signature", verify: timeSigned, maxBody: maxBody,
		name: []string{"type"}, id: "id",
		known: regexp.MustCompile(`^(customer\.(created|updated|deleted)|customer\.subscription\.(created|updated|deleted)` +
			`|payment_intent\.(created|payment_failed|succeeded)|charge\.(succeeded|refunded)` +
			`|checkout\.session\.(completed|expired)|invoice\.(paid|payment_failed))$`),
		entities: []entity{{id: []string{"data.object.id"}, at: []string{"created"}}},
	},
	"github": {
		signature: "X-Hub-Signature-256", verify: bodySigned("sha256="), maxBody: 25 << 20,
		name: []string{"header X-GitHub-Event", "action"}, id: "header X-GitHub-Delivery",
		known: regexp.MustCompile(`^(push|(issues|issue_comment|pull_request|release)\.[a-z_]+)$`), // not ping, the handshake
		entities: []entity{
			{prefix: "issue/", id: []string{"issue.id"}, at: []string{"issue.updated_at"}},
			{prefix: "pull_request/", id: []string{"pull_request.id"}, at: []string{"pull_request.updated_at"}},
			{prefix: "release/", id: []string{"release.id"}, at: []string{"release.created_at", "release.published_at"}},
			{prefix: "branch/", id: []string{"repository.full_name", "ref"}, at: []string{"repository.pushed_at", "head_commit.timestamp"}},
		},
	},
}

// Providers returns the names of the providers, sorted.
func Providers() []string { return slices.Sorted(maps.Keys(providers)) }

// Entity returns the entity that a request is about, as GET /states/ENTITY has it. The error says
// why there is none.
func Entity(provider string, header http.Header, body []byte) (string, error) {
	p, known := providers[provider]
	if !known {
		return "", unknownProvider(provider)
	}
	e, err := p.parse(header, body)
	if err == nil && e.Entity == "" {
		err = fmt.Errorf("the event %s is about no entity", e.Name)
	}
	return e.Entity, err
}

func unknownProvider(name string) error {
	return fmt.Errorf("unknown provider %q: want one of %s", name, strings.Join(Providers(), ", "))
}

// bodySigned returns the check of a signature that is a label and the HMAC-SHA256 of the body in
// hex. Each secret is tried: one that is being replaced is valid for a while.
func bodySigned(label string) func(string, []byte, []string, time.Time) bool {
	return func(signature string, body []byte, secrets []string, _ time.Time) bool {
		return slices.ContainsFunc(secrets, func(secret string) bool {
			return equal(signature, label+sum(secret, body))
		})
	}
}

// secretSent checks a header line that is the secret.
func secretSent(header string, _ []byte, secrets []string, _ time.Time) bool {
	return slices.ContainsFunc(secrets, func(secret string) bool { return equal(header, secret) })
}

// tolerance is how far a signed time may be from now, in seconds: an old request that somebody
// recorded is refused.
const tolerance = 300

// timeSigned checks t=SECONDS,v1=SIGNATURE,v1=SIGNATURE… There are several signatures while a
// secret is being replaced, and one is enough. Entries with other labels do not count.
func timeSigned(header string, body []byte, secrets []string, now time.Time) bool {
	at, signatures := stripeEntries(header)
	seconds, err := strconv.ParseInt(at, 10, 64)
	if age := now.Unix() - seconds; err != nil || age > tolerance || age < -tolerance {
		return false
	}
	return slices.ContainsFunc(secrets, func(secret string) bool {
		want := sum(secret, []byte(at+"."), body)
		return slices.ContainsFunc(signatures, func(s string) bool { return equal(s, want) })
	})
}

// stripeEntries returns the time and the signatures of a Stripe-Signature header.
func stripeEntries(header string) (at string, signatures []string) {
	for entry := range strings.SplitSeq(header, ",") {
		switch label, value, _ := strings.Cut(entry, "="); label {
		case "t":
			at = value
		case "v1":
			signatures = append(signatures, value)
		}
	}
	return at, signatures
}

func sum(secret string, parts ...[]byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	for _, part := range parts {
		mac.Write(part)
	}
	return hex.EncodeToString(mac.Sum(nil))
}

// equal compares in constant time: how long it takes says nothing about the secret.
func equal(given, want string) bool { return hmac.Equal([]byte(given), []byte(want)) }

// Event is what a consumer has to know about an event.
type Event struct {
	// ID is the same whenever the event is sent again.
	ID string
	// Name is the event's name: customer.updated.
	Name string
	// Known reports that the event has an effect. Only then there is an Entity, and At.
	Known bool
	// Entity is what the event is about.
	Entity string
	// At is when the event happened.
	At time.Time
}

// parse reads the event of a verified request.
func (p *provider) parse(header http.Header, body []byte) (Event, error) {
	root, err := decode(body)
	if err != nil {
		return Event{}, err
	}
	m := message{header, root}
	e := Event{ID: m.text(p.id), Name: m.join(p.name, ".")}
	if p.id == "" {
		hash := sha256.Sum256(body)
		e.ID = hex.EncodeToString(hash[:])
	}
	if e.ID == "" || e.Name == "" {
		return e, errors.New("the event has no id or no name")
	}
	if e.Known = p.known.MatchString(e.Name); !e.Known {
		return e, nil
	}
	for _, kind := range p.entities {
		if id := m.join(kind.id, "/"); id != "" {
			e.Entity, e.At = kind.prefix+id, m.latest(kind.at)
			break
		}
	}
	if e.Entity == "" || e.At.IsZero() {
		return e, fmt.Errorf("the event %s lacks an id or a time", e.Name)
	}
	return e, nil
}

// newer reports whether e is the state of its entity, after or before other. Nothing follows a
// deletion. Events of the same time are ordered too, a creation first, so that they lead to one
// state whatever order they arrive in.
func (e Event) newer(other Event) bool {
	if deleted := e.deletes(); deleted != other.deletes() {
		return deleted
	}
	if e.creates() != other.creates() && e.At.Equal(other.At) {
		return other.creates()
	}
	return cmp.Or(e.At.Compare(other.At), cmp.Compare(e.ID, other.ID)) > 0
}

func (e Event) deletes() bool { return strings.HasSuffix(e.Name, "deleted") }

var creation = regexp.MustCompile(`[^a-z]([Cc]reated?|opened)$`)

func (e Event) creates() bool {
	return creation.MatchString(e.Name) && e.Name != "issue_comment.created" // which is about the issue
}

// decode reads JSON, and nothing behind it. Numbers keep their digits: ids may be long.
func decode(body []byte) (root any, err error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&root); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more behind the JSON value")
	}
	return root, nil
}

// message is a request whose places are read.
type message struct {
	header http.Header
	root   any
}

// find returns the values at a place that are not null; * of a path is each element of a list.
func (m message) find(place string) []any {
	if name, ok := strings.CutPrefix(place, "header "); ok {
		if value := m.header.Get(name); value != "" {
			return []any{value}
		}
		return nil
	}
	found := []any{m.root}
	for name := range strings.SplitSeq(place, ".") {
		var next []any
		for _, value := range found {
			if list, isList := value.([]any); isList && name == "*" {
				next = append(next, list...)
			} else if object, isObject := value.(map[string]any); isObject {
				next = append(next, object[name])
			}
		}
		found = next
	}
	return slices.DeleteFunc(found, func(value any) bool { return value == nil })
}

// text returns the text or number at a place, or "".
func (m message) text(place string) string {
	for _, value := range m.find(place) {
		switch value := value.(type) {
		case string:
			return value
		case json.Number:
			return value.String()
		}
	}
	return ""
}

// join returns the texts at several places. It returns "" if there is none at the first place, and
// leaves out the others that there are not.
func (m message) join(places []string, with string) string {
	texts := []string{m.text(places[0])}
	if texts[0] == "" {
		return ""
	}
	for _, place := range places[1:] {
		if text := m.text(place); text != "" {
			texts = append(texts, text)
		}
	}
	return strings.Join(texts, with)
}

// latest returns the latest of the times at several places, or the zero time. A time is in RFC
// 3339, or in seconds since 1970.
func (m message) latest(places []string) (latest time.Time) {
	for _, place := range places {
		for _, value := range m.find(place) {
			at, err := time.Parse(time.RFC3339, fmt.Sprint(value))
			if err != nil {
				seconds, err := strconv.ParseInt(fmt.Sprint(value), 10, 64)
				if err != nil {
					continue
				}
				at = time.Unix(seconds, 0)
			}
			if at.After(latest) {
				latest = at
			}
		}
	}
	return latest
}
