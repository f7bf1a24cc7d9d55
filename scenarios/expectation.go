package scenarios

import (
	"encoding/json"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver"
)

// Expectations is a list of expectations. In a file it is one mapping, or a list of them.
type Expectations []Expectation

// Expectation is what must be true of captures, deliveries, effects and bursts. All parts that are
// set are checked.
type Expectation struct {
	// Captures that a bin has, or gets within a time limit.
	Captures *Captures `yaml:"captures" json:"captures,omitempty"`
	// Never are captures that must not arrive.
	Never *Never `yaml:"never" json:"never,omitempty"`
	// Deliveries of the provider.
	Deliveries *Deliveries `yaml:"deliveries" json:"deliveries,omitempty"`
	// Response of the consumer: to the call of the step, or to each of its deliveries.
	Response *Answer `yaml:"response" json:"response,omitempty"`
	// Effects on the consumer, by their name in the scenario's effects.
	Effects map[string]Observation `yaml:"effects" json:"effects,omitempty"`
	// Burst is the expected result of a burst step.
	Burst *BurstResult `yaml:"burst" json:"burst,omitempty"`
}

// Captures checks the captures of a bin: in a step with a verb those since the step began,
// otherwise those of the run.
type Captures struct {
	// Bin to check; "" is the bin that acts as the target.
	Bin string `yaml:"bin" json:"bin,omitempty"`
	// Since is the id of a step: captures count from its start.
	Since string `yaml:"since" json:"since,omitempty"`
	// Where is a jq condition that selects captures, over {method, path, query, headers:
	// {lower-case name: [values]}, body}.
	Where Condition `yaml:"where" json:"where,omitempty"`
	// Count of captures: 3 for exactly three, or {min, max}; unset is at least one.
	Count *Count `yaml:"count" json:"count,omitempty"`
	// Within is how long to wait for them; 0 is 5 s.
	Within Duration `yaml:"within" json:"within,omitempty"`
	// Settle is how long the count must stay unchanged.
	Settle Duration `yaml:"settle" json:"settle,omitempty"`
	// Verified is the result of the signature check of every capture.
	Verified signature.Verdict `yaml:"verified" json:"verified,omitempty" strict:"oneof=valid|missing|malformed|mismatch|stale"`
	// Schema: with valid, every body must satisfy the schema of its event.
	Schema Schema `yaml:"schema" json:"schema,omitempty" strict:"oneof=valid"`
	// Headers are the word documented, or a mapping: exact header name → regular expression for the
	// whole value.
	Headers Headers `yaml:"headers" json:"headers,omitempty"`
	// Events are the names of the captured events, in order of arrival, or the word all: every
	// event type of the bin's provider arrived.
	Events EventList `yaml:"events" json:"events,omitempty"`
	// Order of arrival. as-happened and out-of-order compare the events of each journey; as-sent
	// compares all with the order in which the run sent them, and none may be missing or
	// unexpected.
	Order Order `yaml:"order" json:"order,omitempty" strict:"oneof=as-happened|out-of-order|as-sent"`
	// Same lists the parts that must be equal in all captures: body, id, header NAME, or a jq path
	// such as .body.passId.
	Same []Aspect `yaml:"same" json:"same,omitempty"`
	// Differs lists the parts that must differ between any two captures.
	Differs []Aspect `yaml:"differs" json:"differs,omitempty"`
}

// Never lists captures that must not arrive.
type Never struct {
	// Bin to check; "" is the bin that acts as the target.
	Bin string `yaml:"bin" json:"bin,omitempty"`
	// Since is the id of a step: captures count from its start.
	Since string `yaml:"since" json:"since,omitempty"`
	// Where is a jq condition that selects captures; "" is any capture.
	Where Condition `yaml:"where" json:"where,omitempty"`
	// For is how long none may arrive; 0 is 200 ms.
	For Duration `yaml:"for" json:"for,omitempty"`
}

// Deliveries checks deliveries to the run's endpoints: in a step that delivers those of the step,
// otherwise those of the run.
type Deliveries struct {
	// Of is the id of the step whose deliveries are checked.
	Of string `yaml:"of" json:"of,omitempty"`
	// Count of deliveries; unset is at least one.
	Count *Count `yaml:"count" json:"count,omitempty"`
	// State of each delivery: pending, delivered, exhausted, stopped or dropped.
	State mockserver.State `yaml:"state" json:"state,omitempty" strict:"oneof=pending|delivered|exhausted|stopped|dropped"`
	// Within is how long to wait on a real clock while deliveries are pending; 0 is 5 s.
	Within Duration `yaml:"within" json:"within,omitempty"`
	// Attempts of each delivery: their number, or their outcomes in order: a status (503), a class
	// (4xx), or `not_sent`, `partly_written`, `no_reply`.
	Attempts Attempts `yaml:"attempts" json:"attempts,omitempty"`
	// Due is when each attempt was due, relative to the first attempt.
	Due []Duration `yaml:"due" json:"due,omitempty"`
	// Same lists the parts that must be equal in all attempts of a delivery: body, id, header NAME,
	// or a jq path.
	Same []Aspect `yaml:"same" json:"same,omitempty"`
	// Differs lists the parts that must differ between any two attempts of a delivery.
	Differs []Aspect `yaml:"differs" json:"differs,omitempty"`
}

// Answer checks the responses of the consumer: to a call, or the last one to each delivery.
type Answer struct {
	// Of is the id of the step whose responses are checked; "" is this step.
	Of string `yaml:"of" json:"of,omitempty"`
	// Status is a status (201) or a class (2xx); a list allows several.
	Status Statuses `yaml:"status" json:"status,omitempty"`
	// Headers map header names, in any case, to regular expressions for the whole value.
	Headers map[string]string `yaml:"headers" json:"headers,omitempty"`
	// JQ is a jq condition over {status, headers: {lower-case name: [values]}, body, took_ms}.
	JQ Condition `yaml:"jq" json:"jq,omitempty"`
	// Within is the longest time from the request to the whole response. It is checked for every
	// attempt.
	Within Duration `yaml:"within" json:"within,omitempty"`
	// Hides lists what the header lines and the body of the response must not contain: secret (the
	// secret of the endpoint), signature (the right signature of the request), personal (an e-mail
	// address of the event).
	Hides []Hidden `yaml:"hides" json:"hides,omitempty" strict:"oneof=secret|signature|personal"`
}

// Hidden is something that a response must not contain.
type Hidden string

// The values of Hidden.
const (
	HiddenSecret    Hidden = "secret"
	HiddenSignature Hidden = "signature"
	HiddenPersonal  Hidden = "personal"
)

// Statuses are a status (201), a class (2xx), or a list of them.
type Statuses []string

// Observation checks the value of an effect: at least one of eventually, exactly, delta and never.
type Observation struct {
	// Eventually is a condition that must be true at some time.
	Eventually *Is `yaml:"eventually" json:"eventually,omitempty"`
	// Exactly is the value that the effect must reach and keep.
	Exactly json.RawMessage `yaml:"exactly" json:"exactly,omitempty"`
	// Delta is by how much the value, a number, must change since the step began. It must then
	// stay. 0 is no change.
	Delta *float64 `yaml:"delta" json:"delta,omitempty"`
	// Within is how long eventually, exactly and delta may take; 0 is 5 s.
	Within Duration `yaml:"within" json:"within,omitempty"`
	// ThenStable is how long the condition must stay true afterwards. 0 is not checked; with
	// exactly and delta it is 200 ms.
	ThenStable Duration `yaml:"then_stable" json:"then_stable,omitempty"`
	// Never is a condition that must not be true at any time.
	Never *Is `yaml:"never" json:"never,omitempty"`
	// For is how long never is checked; 0 is 200 ms.
	For Duration `yaml:"for" json:"for,omitempty"`
}

// Is is a condition on the value of an effect: either eq or jq.
type Is struct {
	// Eq is the expected value.
	Eq json.RawMessage `yaml:"eq" json:"eq,omitempty"`
	// JQ is a jq condition on the value.
	JQ Condition `yaml:"jq" json:"jq,omitempty"`
}

// BurstResult checks the result of a burst.
type BurstResult struct {
	// Of is the id of the burst step; "" is this step.
	Of string `yaml:"of" json:"of,omitempty"`
	// Acknowledged is the number of events that got a 2xx. Unset is all of them, unless there are
	// thresholds.
	Acknowledged *Count `yaml:"acknowledged" json:"acknowledged,omitempty"`
	// Thresholds are conditions on the figures: p99<250ms, lost==0, status.5xx<0.1%.
	Thresholds []string `yaml:"thresholds" json:"thresholds,omitempty"`
	// Bin to compare with the burst: it must have captured every acknowledged event exactly once,
	// and nothing else.
	Bin string `yaml:"bin" json:"bin,omitempty"`
}

// Count is an exact number or a range. In a file it is a number, or a mapping with min and max.
type Count struct {
	// Min is the smallest number allowed.
	Min int `yaml:"min" json:"min,omitempty"`
	// Max is the largest number allowed; unset is no limit.
	Max *int `yaml:"max" json:"max,omitempty"`
}

// Schema is what is expected of bodies; the zero value is not checked.
type Schema string

// SchemaValid means that every body satisfies the schema of its event.
const SchemaValid Schema = "valid"

// Order is the order of captures; the zero value is not checked.
type Order string

// The values of Order.
const (
	AsHappened Order = "as-happened"  // as the events happened
	OutOfOrder Order = "out-of-order" // not as the events happened
	AsSent     Order = "as-sent"      // as the run's steps sent them
)

// Headers is what is expected of header lines. In a file it is the word documented, or a mapping.
type Headers struct {
	// Documented means that method and header lines are those in the provider's documents, names in
	// exact case.
	Documented bool
	// Lines maps exact header names to regular expressions for the whole value.
	Lines map[string]string
}

// Attempts is what is expected of a delivery's attempts. In a file it is a number, or a list of
// outcomes.
type Attempts struct {
	// Number of attempts; 0 is not checked.
	Number int
	// Outcomes in order: "503", "4xx", or an outcome's name.
	Outcomes []string
}

// Aspect is a part of a message that can be compared: body, id, "header NAME", or a jq path that
// begins with ".".
type Aspect string
