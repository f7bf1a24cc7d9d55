package scenarios

import (
	"encoding/json"

	"go.yaml.in/yaml/v4"

	"github.com/hookrig/hookrig/mockserver"
)

// Step is one step: an id and exactly one verb. Every verb may carry an expect, which is checked after it; expect alone is a
// verb too.
type Step struct {
	// ID names the step in reports, in references ${steps.ID.…} and in other steps.
	ID string `yaml:"id" json:"id" strict:"required"`
	// When limits the step to runs against a target (target) or against the bin in its place (bin).
	When When `yaml:"when" json:"when,omitempty" strict:"oneof=target|bin"`

	// Subscribe registers an endpoint with a provider, for the run's time.
	Subscribe *Subscribe `yaml:"subscribe" json:"subscribe,omitempty"`
	// Journey renders the journey of an entity and delivers its events in order.
	Journey *Journey `yaml:"journey" json:"journey,omitempty"`
	// Deliver sends events: single ones, or those of a journey.
	Deliver *Deliver `yaml:"deliver" json:"deliver,omitempty"`
	// Advance moves the virtual clock forward; every attempt that is then due is really sent.
	Advance Duration `yaml:"advance" json:"advance,omitempty"`
	// Respond changes what a bin answers from now on.
	Respond *RespondWith `yaml:"respond" json:"respond,omitempty"`
	// Replay has the provider deliver again what a step delivered.
	Replay *Replay `yaml:"replay" json:"replay,omitempty"`
	// Burst sends many events over many connections, straight to the consumer.
	Burst *Burst `yaml:"burst" json:"burst,omitempty"`
	// Expect says what must then be true: one expectation, or a list.
	Expect Expectations `yaml:"expect" json:"expect,omitempty"`

	node *yaml.Node
}

// Verb is the name of what the step does, or "" when it does nothing or too much.
func (s *Step) Verb() string {
	verbs := s.verbs()
	switch {
	case len(verbs) == 1:
		return verbs[0]
	case len(verbs) == 0 && len(s.Expect) > 0:
		return "expect"
	}
	return ""
}

// verbs lists the verbs that the step holds, expect aside.
func (s *Step) verbs() []string {
	current := []struct {
		verb string
		ok   bool
	}{
		{"subscribe", s.Subscribe != nil},
		{"journey", s.Journey != nil},
		{"deliver", s.Deliver != nil},
		{"advance", s.Advance != 0 || s.node != nil && child(s.node, "advance") != nil},
		{"respond", s.Respond != nil},
		{"replay", s.Replay != nil},
		{"burst", s.Burst != nil},
	}
	var verbs []string
	for _, h := range current {
		if h.ok {
			verbs = append(verbs, h.verb)
		}
	}
	return verbs
}

// When limits a step to one kind of run; "" is every run.
type When string

// The values of When.
const (
	WhenTarget When = "target"
	WhenBin    When = "bin"
)

// Subscribe registers an endpoint. References: id, url, secret, tenant.
type Subscribe struct {
	// Provider that the endpoint is registered with; the scenario's without.
	Provider string `yaml:"provider" json:"provider,omitempty"`
	// To is the endpoint's URL; "" is the target.
	To string `yaml:"to" json:"to,omitempty"`
	// Events are the patterns subscribed to; none is every event.
	Events []string `yaml:"events" json:"events,omitempty"`
	// Secret of the endpoint; "" is the target's or, without one, what the provider mints.
	Secret string `yaml:"secret" json:"secret,omitempty"`
	// Tenant whose events are subscribed to; "" is the provider's demo tenant.
	Tenant string `yaml:"tenant" json:"tenant,omitempty"`
	// Retry is the name of a retry profile of the provider; "" is its default.
	Retry string `yaml:"retry" json:"retry,omitempty"`
	// Timeout of one attempt; 0 is the provider's.
	Timeout Duration `yaml:"timeout" json:"timeout,omitempty"`
}

// Journey renders a life and delivers its events in order. References: events (a list of {id, name, body}), deliveries (a list
// of {id}).
type Journey struct {
	// Provider that tells the life; the scenario's without.
	Provider string `yaml:"provider" json:"provider,omitempty"`
	// Name of the provider's journey; "" is its first.
	Name string `yaml:"name" json:"name,omitempty"`
	// Events of the life, in order; none is a life of chance, to its end.
	Events []string `yaml:"events" json:"events,omitempty"`
	// Tenant in which it happens; "" is the provider's demo tenant.
	Tenant string `yaml:"tenant" json:"tenant,omitempty"`
	// Count is how many journeys, each of an entity, one after the other; 0 is one.
	Count int `yaml:"count" json:"count,omitempty"`
	// Set overwrites members of every body, by JSON pointer.
	Set Settings `yaml:"set" json:"set,omitempty"`
	// Hold renders without delivering: deliver steps take the events from here.
	Hold bool `yaml:"hold" json:"hold,omitempty"`
}

// Deliver sends events and waits for their first attempts. Exactly one of event, events with provider, and from is their source.
// References as those of Journey.
type Deliver struct {
	// Provider that sends, the scenario's without; not with from.
	Provider string `yaml:"provider" json:"provider,omitempty"`
	// Event is one event, of a fresh entity.
	Event string `yaml:"event" json:"event,omitempty"`
	// Events are several, each of a fresh entity, or the word all; with from, those of the journey: NAME, or NAME#2 for the second of that name.
	Events EventList `yaml:"events" json:"events,omitempty"`
	// Body is the event's very body, with event only: it is delivered unchanged, and nothing is rendered.
	Body string `yaml:"body" json:"body,omitempty"`
	// From is the id of the journey step whose events are delivered.
	From string `yaml:"from" json:"from,omitempty"`
	// Tenant of fresh events; "" is the provider's demo tenant.
	Tenant string `yaml:"tenant" json:"tenant,omitempty"`
	// Set overwrites members of fresh events' bodies, by JSON pointer.
	Set Settings `yaml:"set" json:"set,omitempty"`
	// To is the id of the one subscribe step whose endpoint gets them, whatever it subscribed to; "" is every endpoint that selects them.
	To string `yaml:"to" json:"to,omitempty"`
	// Faults are done to every delivery.
	Faults []mockserver.Fault `yaml:"faults" json:"faults,omitempty"`
	// Order is as-listed (the default) or shuffled: a random order that the seed fixes.
	Order DeliverOrder `yaml:"order" json:"order,omitempty" strict:"oneof=as-listed|shuffled"`
	// Times delivers each event so many times, as separate deliveries; 0 is once.
	Times int `yaml:"times" json:"times,omitempty"`
	// Parallel hands all over at once; else each waits for the attempt of the one before.
	Parallel bool `yaml:"parallel" json:"parallel,omitempty"`
}

// DeliverOrder is the order in which a deliver step sends.
type DeliverOrder string

// The orders of Deliver; "" is AsListed.
const (
	AsListed DeliverOrder = "as-listed"
	Shuffled DeliverOrder = "shuffled"
)

// EventList names events; the word all is every event type of the provider.
type EventList []string

// Settings overwrite members of a body: JSON pointer → value.
type Settings map[string]json.RawMessage

// RespondWith changes what a bin answers.
type RespondWith struct {
	// Bin whose script it is; "" is the bin in place of the target.
	Bin    string `yaml:"bin" json:"bin,omitempty"`
	Script `yaml:",inline"`
}

// Replay has deliveries made again: same event, same bytes, new deliveries.
type Replay struct {
	// Of is the id of the step whose deliveries are made again.
	Of string `yaml:"of" json:"of" strict:"required"`
	// Times is how many times; 0 is once.
	Times int `yaml:"times" json:"times,omitempty"`
}

// Burst sends fresh events straight to a consumer, without the provider's endpoints and retries. References: sent, acknowledged.
type Burst struct {
	// Provider whose events they are; the scenario's without.
	Provider string `yaml:"provider" json:"provider,omitempty"`
	// To is the consumer's URL; "" is the target.
	To string `yaml:"to" json:"to,omitempty"`
	// Secret they are signed with; "" is the target's.
	Secret string `yaml:"secret" json:"secret,omitempty"`
	// Events sent in turn, names or patterns; none is all of the provider's.
	Events []string `yaml:"events" json:"events,omitempty"`
	// Tenant of the events; "" is the provider's demo tenant.
	Tenant string `yaml:"tenant" json:"tenant,omitempty"`
	// Count of events, and For how long: the first to be reached ends the burst; one is needed.
	Count uint64 `yaml:"count" json:"count,omitempty"`
	// For is how long the burst lasts at most.
	For Duration `yaml:"for" json:"for,omitempty"`
	// Rate in events a second; 0 is as fast as the answers come.
	Rate float64 `yaml:"rate" json:"rate,omitempty"`
	// Connections at once; 0 is the engine's default.
	Connections int `yaml:"connections" json:"connections,omitempty"`
}
