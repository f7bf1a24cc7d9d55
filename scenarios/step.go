package scenarios

import (
	"encoding/json"

	"go.yaml.in/yaml/v4"

	"github.com/hookrig/hookrig/mockserver"
)

// Step is one step of a scenario: an id and exactly one verb. Any verb can be combined with an
// expect, which is checked afterwards. A step can also have only an expect.
type Step struct {
	// ID identifies the step in reports, in references ${steps.ID.…} and in other steps.
	ID string `yaml:"id" json:"id" strict:"required"`
	// When limits the step to runs against a real target (target), or to runs in which a bin acts
	// as the target (bin).
	When When `yaml:"when" json:"when,omitempty" strict:"oneof=target|bin"`

	// Subscribe registers an endpoint with a provider until the run ends.
	Subscribe *Subscribe `yaml:"subscribe" json:"subscribe,omitempty"`
	// Journey renders the journey of an entity and delivers its events in order.
	Journey *Journey `yaml:"journey" json:"journey,omitempty"`
	// Deliver sends single events or the events of a journey.
	Deliver *Deliver `yaml:"deliver" json:"deliver,omitempty"`
	// Advance moves the virtual clock forward and sends every attempt that is then due.
	Advance Duration `yaml:"advance" json:"advance,omitempty"`
	// Respond changes the responses of a bin.
	Respond *RespondWith `yaml:"respond" json:"respond,omitempty"`
	// Replay repeats the deliveries of an earlier step.
	Replay *Replay `yaml:"replay" json:"replay,omitempty"`
	// Burst sends many events over many connections, directly to the consumer.
	Burst *Burst `yaml:"burst" json:"burst,omitempty"`
	// Call sends one HTTP request to the consumer.
	Call *Call `yaml:"call" json:"call,omitempty"`
	// Restart restarts the consumer and waits until that is done. Runs that cannot do so skip the
	// step.
	Restart bool `yaml:"restart" json:"restart,omitempty"`
	// Expect is what must be true afterwards: one expectation, or a list.
	Expect Expectations `yaml:"expect" json:"expect,omitempty"`
	// Save keeps values for later steps, which refer to them as ${steps.ID.NAME}: name → jq
	// program. The program reads the response {status, headers, body, took_ms} to a call or to the
	// last delivery of the step. In a step without a verb it reads the first capture that the step
	// expects.
	Save map[string]Condition `yaml:"save" json:"save,omitempty"`
	// Each is a table: the step is run once for each row, with the values ${each.NAME}.
	Each Table `yaml:"each" json:"each,omitempty"`
	// Timeout is the time limit of the step, by the wall clock. A step that exceeds it is
	// inconclusive and ends the run. 0 is no limit.
	Timeout Duration `yaml:"timeout" json:"timeout,omitempty"`

	node *yaml.Node
	file string // the file of the node
}

// Include is replaced by the steps of another file: a list of steps.
type Include struct {
	// File is a path relative to the file with the include.
	File string `yaml:"include" json:"include" strict:"required"`
}

// reported returns the report of the step under an id.
func (s *Step) reported(id string, status Status, detail string) StepReport {
	report := StepReport{ID: id, Verb: s.Verb(), Status: status, Detail: detail}
	if s.node != nil {
		report.File, report.Line = s.file, s.node.Line
	}
	return report
}

// Verb returns the step's only verb. It returns "" for a step with no verb or with several.
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

// verbs returns the verbs that the step has, without expect.
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
		{"call", s.Call != nil},
		{"restart", s.Restart},
	}
	var verbs []string
	for _, h := range current {
		if h.ok {
			verbs = append(verbs, h.verb)
		}
	}
	return verbs
}

// When limits a step to one kind of run; the zero value is every run.
type When string

// The values of When.
const (
	WhenTarget When = "target"
	WhenBin    When = "bin"
)

// Subscribe registers an endpoint. Later steps can refer to its id, url, secret and tenant.
type Subscribe struct {
	// Provider to register with; "" is the scenario's provider.
	Provider string `yaml:"provider" json:"provider,omitempty"`
	// To is the endpoint's URL; "" is the target.
	To string `yaml:"to" json:"to,omitempty"`
	// Events are the event patterns; none is every event.
	Events []string `yaml:"events" json:"events,omitempty"`
	// Secret of the endpoint; "" is the target's secret or, without one, a secret that the provider
	// generates.
	Secret string `yaml:"secret" json:"secret,omitempty"`
	// Tenant whose events the endpoint gets; "" is the provider's demo tenant.
	Tenant string `yaml:"tenant" json:"tenant,omitempty"`
	// Retry is the name of a retry profile of the provider; "" is its default profile.
	Retry string `yaml:"retry" json:"retry,omitempty"`
	// Timeout of one attempt; 0 is the provider's timeout.
	Timeout Duration `yaml:"timeout" json:"timeout,omitempty"`
}

// Journey renders the journey of an entity and delivers its events in order. Later steps can refer
// to its events (a list of {id, name, body}) and deliveries (a list of {id}).
type Journey struct {
	// Provider of the journey; "" is the scenario's provider.
	Provider string `yaml:"provider" json:"provider,omitempty"`
	// Name of the journey; "" is the provider's first journey.
	Name string `yaml:"name" json:"name,omitempty"`
	// Events of the journey, in order; none is a random journey to its end.
	Events []string `yaml:"events" json:"events,omitempty"`
	// Tenant of the events; "" is the provider's demo tenant.
	Tenant string `yaml:"tenant" json:"tenant,omitempty"`
	// Count is the number of journeys, each of another entity, one after the other; 0 is one.
	Count int `yaml:"count" json:"count,omitempty"`
	// Set overwrites members of every body: JSON pointer → value.
	Set Settings `yaml:"set" json:"set,omitempty"`
	// SameTime gives all events of an entity the time of its first.
	SameTime bool `yaml:"same_time" json:"same_time,omitempty"`
	// Hold renders the events without delivering them, for later deliver steps (from).
	Hold bool `yaml:"hold" json:"hold,omitempty"`
}

// Deliver sends events and waits for their first attempts. The events come from exactly one of
// event, events and from. Later steps can refer to its events and deliveries, as in Journey.
type Deliver struct {
	// Provider of the events; "" is the scenario's provider. It cannot be combined with from.
	Provider string `yaml:"provider" json:"provider,omitempty"`
	// Event is the name of one event, of a new entity.
	Event string `yaml:"event" json:"event,omitempty"`
	// Events are several events, each of a new entity, or the word all. With from, they select
	// events of the journey: NAME, or NAME#2 for the second event of that name.
	Events EventList `yaml:"events" json:"events,omitempty"`
	// Body is the exact body of the event. It is delivered unchanged. It can only be combined with
	// event.
	Body string `yaml:"body" json:"body,omitempty"`
	// From is the id of the journey step whose events are delivered.
	From string `yaml:"from" json:"from,omitempty"`
	// Tenant of new events; "" is the provider's demo tenant.
	Tenant string `yaml:"tenant" json:"tenant,omitempty"`
	// Set overwrites members of the bodies of new events: JSON pointer → value.
	Set Settings `yaml:"set" json:"set,omitempty"`
	// To is the id of a subscribe step: only its endpoint gets the events, whatever its patterns.
	// "" is every endpoint whose patterns match.
	To string `yaml:"to" json:"to,omitempty"`
	// Faults of every delivery.
	Faults []mockserver.Fault `yaml:"faults" json:"faults,omitempty"`
	// Order is as-listed (the default) or shuffled, a random order that depends on the seed.
	Order DeliverOrder `yaml:"order" json:"order,omitempty" strict:"oneof=as-listed|shuffled"`
	// Times is how often each event is delivered, as separate deliveries; 0 is once.
	Times int `yaml:"times" json:"times,omitempty"`
	// Parallel sends all events at once. Otherwise each event waits until the attempts before it
	// are made.
	Parallel bool `yaml:"parallel" json:"parallel,omitempty"`
	// Background sends the events and goes on with the next step, while their attempts are made.
	// Attempts that are not done when the run ends are cut short.
	Background bool `yaml:"background" json:"background,omitempty"`
}

// DeliverOrder is the order in which a deliver step sends events.
type DeliverOrder string

// The values of DeliverOrder; the zero value is AsListed.
const (
	AsListed DeliverOrder = "as-listed"
	Shuffled DeliverOrder = "shuffled"
)

// EventList is a list of event names. The word all means every event type of the provider.
type EventList []string

// Settings overwrite members of a body: JSON pointer → value.
type Settings map[string]json.RawMessage

// RespondWith changes the responses of a bin.
type RespondWith struct {
	// Bin to change; "" is the bin that acts as the target.
	Bin    string `yaml:"bin" json:"bin,omitempty"`
	Script `yaml:",inline"`
}

// Replay repeats deliveries: the same events with the same bytes, as new deliveries.
type Replay struct {
	// Of is the id of the step whose deliveries are repeated.
	Of string `yaml:"of" json:"of" strict:"required"`
	// Times is how often they are repeated; 0 is once.
	Times int `yaml:"times" json:"times,omitempty"`
}

// Burst sends new events directly to a consumer, without endpoints and retries. Later steps can
// refer to the counts sent and acknowledged.
type Burst struct {
	// Provider of the events; "" is the scenario's provider.
	Provider string `yaml:"provider" json:"provider,omitempty"`
	// To is the consumer's URL; "" is the target.
	To string `yaml:"to" json:"to,omitempty"`
	// Secret to sign with; "" is the target's secret.
	Secret string `yaml:"secret" json:"secret,omitempty"`
	// Events are names or patterns of independent events, sent in rotation. A weight may follow:
	// Pass:Created=5. None sends the events of journeys.
	Events []string `yaml:"events" json:"events,omitempty"`
	// Journeys are the names of the journeys of a population of entities; none is all. A weight may
	// follow: pass=3.
	Journeys []string `yaml:"journeys" json:"journeys,omitempty"`
	// Population is how many entities live at a time; 0 is enough for the connections.
	Population int `yaml:"population" json:"population,omitempty"`
	// Tenant of the events; "" is the provider's demo tenant.
	Tenant string `yaml:"tenant" json:"tenant,omitempty"`
	// Count is the number of events. Set count, for, or both: the limit reached first ends the
	// burst, or the end of the rate's shape.
	Count uint64 `yaml:"count" json:"count,omitempty"`
	// For is the longest time that the burst may take.
	For Duration `yaml:"for" json:"for,omitempty"`
	// Rate in events per second: a number, or a shape such as ramp(0,500,30s) hold(500,2m). Unset
	// is as fast as the consumer responds.
	Rate string `yaml:"rate" json:"rate,omitempty"`
	// WarmUp is a time at the start that is left out of the figures.
	WarmUp Duration `yaml:"warm_up" json:"warm_up,omitempty"`
	// Overload is what happens to events that cannot start in time: delay, drop or abort, with a
	// time: drop:500ms.
	Overload string `yaml:"overload" json:"overload,omitempty"`
	// Faults are done to a share of the events: signature:missing=1%.
	Faults []string `yaml:"faults" json:"faults,omitempty"`
	// Connections is the number of connections; 0 is the default of package burst.
	Connections int `yaml:"connections" json:"connections,omitempty"`
	// Reconnect opens a connection for each event.
	Reconnect bool `yaml:"reconnect" json:"reconnect,omitempty"`
}

// Call sends one HTTP request to the consumer, and waits for the response. Without an expectation
// on the response, its status must be 2xx.
type Call struct {
	// Method of the request; "" is GET, or POST with a body.
	Method string `yaml:"method" json:"method,omitempty"`
	// URL of the request. Its host is that of the target, or one that the run allows
	// (--allow-target).
	URL string `yaml:"url" json:"url" strict:"required"`
	// Headers of the request.
	Headers map[string]string `yaml:"headers" json:"headers,omitempty"`
	// Body of the request; set either this or json.
	Body string `yaml:"body" json:"body,omitempty"`
	// JSON is a value that is sent as the body, with the content type application/json.
	JSON json.RawMessage `yaml:"json" json:"json,omitempty"`
}
