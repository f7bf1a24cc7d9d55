package dashboard

import (
	"encoding/json"
	"reflect"
	"regexp"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/analysis/diff"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/query"
)

// The API's records have every member of their description, so that a script may ask for any of them: what the journal
// leaves out because there is none is null, an empty list, "" or 0 here.

// captured is a capture.
type captured struct {
	journal.Capture
	Response     nullable[journal.Response]     `json:"response" doc:"what the bin answered; null when it gave no answer of its own"`
	Verification nullable[journal.Verification] `json:"verification" doc:"the result of its signature; null when the bin names no provider and no secret that is known here is used for it"`
	Provider     string                         `json:"provider" doc:"the provider that it was verified with, or else the one that it looks as if it came from; empty when it looks like none"`
	Size         int                            `json:"size" doc:"bytes of the body"`
	Event        string                         `json:"event" doc:"what the sender calls the event, in a header line or in the body's beginning; empty when that is not to be told"`
	TLS          nullable[journal.TLS]          `json:"tls" doc:"what the sender agreed on for its connection; null when it was not encrypted"`
	Problems     []string                       `json:"problems" doc:"what was wrong with the request"`
}

func (k *dashboard) newCaptured(c journal.Capture) captured {
	return captured{c, nullable[journal.Response]{c.Response}, nullable[journal.Verification]{c.Verification}, k.senderOf(&c), len(c.Body), eventOf(&c), nullable[journal.TLS]{c.TLS}, present(c.Problems)}
}

// withoutBody leaves out what was received, but for how long it was.
func (c *captured) withoutBody(size int) { c.Body, c.Raw, c.Size = []byte{}, nil, size }

var (
	eventHeader = regexp.MustCompile(`(?i)(^|-)(event|eventname|topic|event-type|event-key)$`)
	eventMember = regexp.MustCompile(`"(?:__eventName|topic|event|type)"\s*:\s*"([^"\\]{1,80}(?:\\/[^"\\]{0,80})*)"`)
)

// eventOf is what the sender calls the event, as far as that can be told: in a header line, or at the beginning of the body.
func eventOf(c *journal.Capture) string {
	for _, line := range c.Headers {
		if eventHeader.MatchString(line.Name) {
			return line.Value
		}
	}
	if found := eventMember.FindSubmatch(c.Body[:min(len(c.Body), briefBody)]); found != nil {
		return strings.ReplaceAll(string(found[1]), `\/`, "/")
	}
	return ""
}

func (k *dashboard) newCaptureds(list []journal.Capture) []captured {
	out := make([]captured, len(list))
	for i, c := range list {
		out[i] = k.newCaptured(c)
	}
	return out
}

// delivered is a delivery.
type delivered struct {
	journal.Delivery
	Modes    nullable[fixtures.Modes] `json:"modes" doc:"in which notations its pattern selects the event; null when no pattern selected it"`
	Attempts []attempted              `json:"attempts" doc:"the tries so far, the first one first"`
}

func (k *dashboard) delivered(d journal.Delivery) delivered {
	out := delivered{Delivery: d, Attempts: make([]attempted, len(d.Attempts))}
	for i, a := range d.Attempts {
		out.Attempts[i] = newAttempted(a)
	}
	if p, err := k.catalogue.Provider(d.Provider); err == nil && d.Pattern != "" && p.Subscription.Kind == "patterns" {
		modes := p.Subscription.Modes(d.Pattern, d.Event.Name)
		out.Modes.value = &modes
	}
	return out
}

func (k *dashboard) delivereds(list []journal.Delivery) []delivered {
	out := make([]delivered, len(list))
	for i, d := range list {
		out[i] = k.delivered(d)
	}
	return out
}

// attempted is an attempt.
type attempted struct {
	journal.Attempt
	Status int    `json:"status" doc:"of the response; 0 when there was none"`
	Fault  string `json:"fault" doc:"what was done wrong on purpose"`
}

func newAttempted(a journal.Attempt) attempted { return attempted{a, a.Status, a.Fault} }

// resent is the attempt to send a capture again.
type resent struct {
	journal.Attempt
	Status  int               `json:"status" doc:"of the response; 0 when there was none"`
	Fault   string            `json:"fault" doc:"always \"\""`
	Changed []diff.Difference `json:"changed" doc:"how what was sent differs from the capture"`
	Notes   []string          `json:"notes,omitempty" doc:"what of the recorded head was corrected or left out, so that the request ends where its head says"`
}

// waited is how a wait ended.
type waited struct {
	query.Waited
	Matched []captured `json:"matched" doc:"the captures that matched, oldest first"`
	Nearest []nearMiss `json:"nearest" doc:"when it failed, the captures that came closest"`
}

// nearMiss is a capture that did not match, and why.
type nearMiss struct {
	Capture     captured `json:"capture"`
	Differences []string `json:"differences"`
}

func (k *dashboard) newWaited(w query.Waited) waited {
	out := waited{w, k.newCaptureds(w.Matched), make([]nearMiss, len(w.Nearest))}
	for i, n := range w.Nearest {
		out.Nearest[i] = nearMiss{k.newCaptured(n.Capture), present(n.Differences)}
	}
	return out
}

// registered is an endpoint.
type registered struct {
	journal.Endpoint
	Secret string `json:"secret,omitempty" doc:"the newest of its secrets"`
}

func newRegistered(e journal.Endpoint) registered {
	out := registered{Endpoint: e}
	if len(e.Secrets) > 0 {
		out.Secret = e.Secrets[0]
	}
	return out
}

// nullable is a record, or null.
type nullable[T any] struct{ value *T }

// MarshalJSON writes the record, or null.
func (n nullable[T]) MarshalJSON() ([]byte, error) { return json.Marshal(n.value) }

// Schema says so in JSON Schema.
func (nullable[T]) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{r.Schema(reflect.TypeFor[T](), true, ""), {Type: "null"}}}
}

// present is a list that is never null.
func present(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
