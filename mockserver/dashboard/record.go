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

// The API's records have all members of their schema, so that a script can read any of them. A
// member that the journal leaves out is null, an empty list, "" or 0 here.

// captured is the JSON of a capture.
type captured struct {
	journal.Capture
	Response     nullable[journal.Response]     `json:"response" doc:"the bin's response; null when the server responded with an error instead, which is in problems"`
	Verification nullable[journal.Verification] `json:"verification" doc:"the result of checking its signature; null when it was not checked, because the bin has no provider and no endpoint of the server uses the secret"`
	Provider     string                         `json:"provider" doc:"the provider that it was verified with, or else the one that it seems to come from; empty when unknown"`
	Size         int                            `json:"size" doc:"the length of the body, in bytes"`
	Event        string                         `json:"event" doc:"the sender's name of the event, from a header line or the beginning of the body; empty when unknown"`
	TLS          nullable[journal.TLS]          `json:"tls" doc:"the TLS parameters of the connection; null when it was not encrypted"`
	Problems     []string                       `json:"problems" doc:"what was wrong with the request"`
}

func (k *dashboard) newCaptured(c journal.Capture) captured {
	return captured{c, nullable[journal.Response]{c.Response}, nullable[journal.Verification]{c.Verification}, k.senderOf(&c), len(c.Body), eventOf(&c), nullable[journal.TLS]{c.TLS}, present(c.Problems)}
}

// withoutBody removes the received bytes and keeps the length of the body.
func (c *captured) withoutBody(size int) { c.Body, c.Raw, c.Size = []byte{}, nil, size }

var (
	eventHeader = regexp.MustCompile(`(?i)(^|-)(event|eventname|topic|event-type|event-key)$`)
	eventMember = regexp.MustCompile(`"(?:__eventName|topic|event|type)"\s*:\s*"([^"\\]{1,80}(?:\\/[^"\\]{0,80})*)"`)
)

// eventOf returns the sender's name of the event, from a header line or the beginning of the body;
// "" is unknown.
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

// delivered is the JSON of a delivery.
type delivered struct {
	journal.Delivery
	Modes    nullable[fixtures.Modes] `json:"modes" doc:"the notations in which its pattern matches the event; null when no pattern selected the event"`
	Attempts []attempted              `json:"attempts" doc:"the attempts so far, oldest first"`
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

// attempted is the JSON of an attempt.
type attempted struct {
	journal.Attempt
	Status int    `json:"status" doc:"the status of the response; 0 without a response"`
	Fault  string `json:"fault" doc:"the deliberate error in this attempt"`
}

func newAttempted(a journal.Attempt) attempted { return attempted{a, a.Status, a.Fault} }

// resent is the result of sending a capture again.
type resent struct {
	journal.Attempt
	Status  int               `json:"status" doc:"the status of the response; 0 without a response"`
	Fault   string            `json:"fault" doc:"always empty"`
	Changed []diff.Difference `json:"changed" doc:"the differences of the sent request from the capture"`
	Notes   []string          `json:"notes,omitempty" doc:"recorded header lines that were corrected or left out, so that they match the body"`
}

// waited is the result of a wait.
type waited struct {
	query.Waited
	Matched []captured `json:"matched" doc:"the captures that matched, oldest first"`
	Nearest []nearMiss `json:"nearest" doc:"the nearest captures, when the wait failed"`
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

// registered is the JSON of an endpoint.
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

// Schema describes the record or null.
func (nullable[T]) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{r.Schema(reflect.TypeFor[T](), true, ""), {Type: "null"}}}
}

// present returns an empty list instead of nil.
func present(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
