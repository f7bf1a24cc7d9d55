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
	verify    func(signature string, v verification) bool
	name      []string       // places of the event's name, which are joined with a dot
	known     *regexp.Regexp // names of the events that have an effect
	id        string         // place of the event's id; "" is none, so the body's hash is the id
	entities  []entity       // the first whose id is in the request is the event's
	maxBody   int64
}

// entity is what an event may be about.
type entity struct {
	events string   // what the names of its events begin with
	prefix string   // before the id: ids of several kinds may be alike
	id     []string // places of the id, all of them needed, which are joined with a slash
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
			{"Pass:", "pass/", []string{"passId"}, []string{"__creationDate"}},
			{"Redirect:", "redirect/", []string{"redirectId"}, []string{"__creationDate"}},
			{"Customer:", "customer/", []string{"identifiers.shopifyId"}, []string{"__creationDate"}},
			{"Customer:", "customer/", []string{"identifiers.email"}, []string{"__creationDate"}},
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
			{"wallet_pass/", "pass/", []string{"data.pass_instance.serial_number"}, triggered},
			{"membership/store_credits_changed", "customer/", []string{"data.customer.id"}, triggered},
			{"membership/", "membership/", []string{"data.membership.id"}, []string{"data.membership.updated_at"}},
			{"product_subscription/", "product_subscription/", []string{"data.product_subscription.id"}, []string{"data.product_subscription.updated_at"}},
			{"loyalty/", "customer/", []string{"data.customer.id"}, triggered},
			{"loyalty/", "rule/", []string{"data.rule.id"}, []string{"data.rule.updated_at"}},
			{"loyalty/", "tier/", []string{"data.tier.id"}, []string{"data.tier.updated_at"}},
			{"loyalty/", "coupon/", []string{"data.coupon.id"}, []string{"data.coupon.updated_at"}},
		},
	},
	"ethpass": {
		signature: "Authorization", verify: secretSent, maxBody: maxBody,
		name: []string{"event"}, known: regexp.MustCompile(`^pass:(create|register|unregister|expire|scan)$`),
		entities: []entity{{
			"pass:", "pass/", []string{"result.id"}, // an event has no time: it is as new as the newest time in it
			[]string{"result.createdAt", "result.expiredAt", "result.lastScannedAt", "result.registrations.*.createdAt", "result.registrations.*.deletedAt"},
		}},
	},
	"stripe": {
		signature: "Stripe-Signature", verify: timeSigned, maxBody: maxBody,
		name: []string{"type"}, id: "id",
		known: regexp.MustCompile(`^(customer\.(created|updated|deleted)|customer\.subscription\.(created|updated|deleted)` +
			`|payment_intent\.(created|payment_failed|succeeded)|charge\.(succeeded|refunded)` +
			`|checkout\.session\.(completed|expired)|invoice\.(paid|payment_failed))$`),
		entities: []entity{{"", "object/", []string{"data.object.id"}, []string{"created"}}},
	},
	"github": {
		signature: "X-Hub-Signature-256", verify: bodySigned("sha256="), maxBody: 25 << 20,
		name: []string{"header X-GitHub-Event", "action"}, id: "header X-GitHub-Delivery",
		known: regexp.MustCompile(`^(push|(issues|issue_comment|pull_request|release)\.[a-z_]+)$`), // not ping, the handshake
		entities: []entity{
			{"issue", "issue/", []string{"repository.full_name", "issue.number"}, []string{"issue.updated_at"}},
			{"pull_request.", "pull_request/", []string{"repository.full_name", "pull_request.number"}, []string{"pull_request.updated_at"}},
			{"release.", "release/", []string{"repository.full_name", "release.tag_name"}, []string{"release.created_at", "release.published_at"}},
			{"push", "branch/", []string{"repository.full_name", "ref"}, []string{"repository.pushed_at", "head_commit.timestamp"}},
		},
	},
}

// Providers returns the names of the providers, sorted.
func Providers() []string { return slices.Sorted(maps.Keys(providers)) }

func unknownProvider(name string) error {
	return fmt.Errorf("unknown provider %q: want one of %s", name, strings.Join(Providers(), ", "))
}

// verification is what a signature is compared with.
type verification struct {
	body    []byte
	secrets []string // each is tried: one that is being replaced is valid for a while
	now     time.Time
	equal   func(given, want string) bool
}

// bodySigned returns the check of a signature that is a label and the HMAC-SHA256 of the body in
// hex.
func bodySigned(label string) func(string, verification) bool {
	return func(signature string, v verification) bool {
		return slices.ContainsFunc(v.secrets, func(secret string) bool {
			return v.equal(signature, label+sum(secret, v.body))
		})
	}
}

// secretSent checks a header line that is the secret.
func secretSent(line string, v verification) bool {
	return slices.ContainsFunc(v.secrets, func(secret string) bool { return v.equal(line, secret) })
}

// tolerance is how far a signed time may be from now, in seconds: an old request that somebody
// recorded is refused.
const tolerance = 300

// timeSigned checks t=SECONDS,v1=SIGNATURE,v1=SIGNATURE… There are several signatures while a
// secret is being replaced, and one is enough. Entries with other labels do not count.
func timeSigned(line string, v verification) bool {
	at, signatures := stripeEntries(line)
	seconds, err := strconv.ParseInt(at, 10, 64)
	if age := v.now.Unix() - seconds; err != nil || age > tolerance || age < -tolerance {
		return false
	}
	return v.signedAt(at, signatures)
}

// signedAt reports whether one of the signatures is that of the time and the body.
func (v verification) signedAt(at string, signatures []string) bool {
	return slices.ContainsFunc(v.secrets, func(secret string) bool {
		want := sum(secret, []byte(at+"."), v.body)
		return slices.ContainsFunc(signatures, func(given string) bool { return v.equal(given, want) })
	})
}

// stripeEntries returns the time and the signatures of a Stripe-Signature header.
func stripeEntries(line string) (at string, signatures []string) {
	for entry := range strings.SplitSeq(line, ",") {
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
	e := Event{ID: m.text(p.id), Name: strings.Join(m.texts(p.name), ".")}
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
		if ids := m.texts(kind.id); strings.HasPrefix(e.Name, kind.events) && len(ids) == len(kind.id) {
			e.Entity, e.At = kind.prefix+strings.Join(ids, "/"), m.latest(kind.at)
			break
		}
	}
	if e.Entity == "" || e.At.IsZero() {
		return e, fmt.Errorf("the event %s lacks an id or a time", e.Name)
	}
	return e, nil
}

// newer reports whether e happened after other, whatever order they arrive in. Nothing follows a
// deletion. Of events of the same time a creation is the first; the others are ordered by name, so
// that each order of arrival ends in the same state.
func (e Event) newer(other Event) bool {
	if deleted := e.deletes(); deleted != other.deletes() {
		return deleted
	}
	if e.creates() != other.creates() && e.At.Equal(other.At) {
		return other.creates()
	}
	return cmp.Or(e.At.Compare(other.At), cmp.Compare(e.Name, other.Name)) > 0
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

// texts returns the texts at several places, without those that are not there.
func (m message) texts(places []string) (texts []string) {
	for _, place := range places {
		if text := m.text(place); text != "" {
			texts = append(texts, text)
		}
	}
	return texts
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
