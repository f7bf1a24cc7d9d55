package scenarios

import (
	"encoding/json"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver"
)

// Expectations are what must be true: in a file one mapping, or a list of them.
type Expectations []Expectation

// Expectation is what must be true of captures, of deliveries, of the consumer's effects: any of them, together.
type Expectation struct {
	// Captures that a bin holds, or will within a time.
	Captures *Captures `yaml:"captures" json:"captures,omitempty"`
	// Never are captures that must not arrive.
	Never *Never `yaml:"never" json:"never,omitempty"`
	// Deliveries are what the provider made of the events.
	Deliveries *Deliveries `yaml:"deliveries" json:"deliveries,omitempty"`
	// Effects on the consumer, by the name they have in the scenario's effects.
	Effects map[string]Observation `yaml:"effects" json:"effects,omitempty"`
	// Burst is what a burst step must have come to.
	Burst *BurstResult `yaml:"burst" json:"burst,omitempty"`
}

// Captures checks the captures of a bin. Those of the step are checked when it hangs on a verb, else those of the run.
type Captures struct {
	// Bin that is looked at; "" is the bin in place of the target.
	Bin string `yaml:"bin" json:"bin,omitempty"`
	// Since is the id of the step from whose start on captures count.
	Since string `yaml:"since" json:"since,omitempty"`
	// Where is a jq condition that selects captures, over {method, path, query, headers: {lower-case name: [values]}, body}.
	Where Condition `yaml:"where" json:"where,omitempty"`
	// Count of captures: 3 for exactly three, or {min, max}; unset is at least one.
	Count *Count `yaml:"count" json:"count,omitempty"`
	// Within is how long to wait for them; 0 is 5 s.
	Within Duration `yaml:"within" json:"within,omitempty"`
	// Settle is how long the count must stay as it is.
	Settle Duration `yaml:"settle" json:"settle,omitempty"`
	// Verified is the result that every capture's signature got on arrival.
	Verified signature.Verdict `yaml:"verified" json:"verified,omitempty" strict:"oneof=valid|missing|malformed|mismatch|stale"`
	// Schema valid: every body satisfies the schema of its event.
	Schema Schema `yaml:"schema" json:"schema,omitempty" strict:"oneof=valid"`
	// Headers are the word documented, or header lines: the exact name → a regular expression that the whole value matches.
	Headers Headers `yaml:"headers" json:"headers,omitempty"`
	// Events are the events captured, in order of arrival, or the word all: every event type of the bin's provider is there.
	Events EventList `yaml:"events" json:"events,omitempty"`
	// Order of arrival: as-happened, or out-of-order, life by life; as-sent is the run's own order, and that nothing is missing and nothing more.
	Order Order `yaml:"order" json:"order,omitempty" strict:"oneof=as-happened|out-of-order|as-sent"`
	// Same lists what all captures have in common: body, id, header NAME, or a jq path such as .body.passId.
	Same []Aspect `yaml:"same" json:"same,omitempty"`
	// Differs lists what no two captures have in common.
	Differs []Aspect `yaml:"differs" json:"differs,omitempty"`
}

// Never says which captures must not arrive.
type Never struct {
	// Bin that is looked at; "" is the bin in place of the target.
	Bin string `yaml:"bin" json:"bin,omitempty"`
	// Since is the id of the step from whose start on captures count.
	Since string `yaml:"since" json:"since,omitempty"`
	// Where is a jq condition that selects captures; "" is any capture.
	Where Condition `yaml:"where" json:"where,omitempty"`
	// For is how long nothing may arrive; 0 is 200 ms.
	For Duration `yaml:"for" json:"for,omitempty"`
}

// Deliveries checks deliveries to the run's endpoints. Those of the step are checked when it hangs on a verb that delivers, else
// those of the run.
type Deliveries struct {
	// Of is the id of the step whose deliveries are checked.
	Of string `yaml:"of" json:"of,omitempty"`
	// Count of deliveries; unset is at least one.
	Count *Count `yaml:"count" json:"count,omitempty"`
	// State that each of them is in: pending, delivered, exhausted, stopped or dropped.
	State mockserver.State `yaml:"state" json:"state,omitempty" strict:"oneof=pending|delivered|exhausted|stopped|dropped"`
	// Within is how long to wait on a real clock while they are pending; 0 is 5 s.
	Within Duration `yaml:"within" json:"within,omitempty"`
	// Attempts of each: their number, or their outcomes in order: a status (503), a class of it (4xx), or `not_sent`, `partly_written`, `no_reply`.
	Attempts Attempts `yaml:"attempts" json:"attempts,omitempty"`
	// Due is when each attempt was due, counted from the first.
	Due []Duration `yaml:"due" json:"due,omitempty"`
	// Same lists what the attempts of one delivery have in common: body, id, header NAME, or a jq path.
	Same []Aspect `yaml:"same" json:"same,omitempty"`
	// Differs lists what no two attempts of one delivery have in common.
	Differs []Aspect `yaml:"differs" json:"differs,omitempty"`
}

// Observation checks an effect: eventually it is so, or never it is. You may use both.
type Observation struct {
	// Eventually must be true at some time.
	Eventually *Is `yaml:"eventually" json:"eventually,omitempty"`
	// Within is how long eventually may take; 0 is 5 s.
	Within Duration `yaml:"within" json:"within,omitempty"`
	// Never must not be true at any time.
	Never *Is `yaml:"never" json:"never,omitempty"`
	// For is how long never is watched; 0 is 200 ms.
	For Duration `yaml:"for" json:"for,omitempty"`
}

// Is is a condition on an effect's value: one of eq and jq.
type Is struct {
	// Eq is the value itself.
	Eq json.RawMessage `yaml:"eq" json:"eq,omitempty"`
	// JQ is a condition over the value.
	JQ Condition `yaml:"jq" json:"jq,omitempty"`
}

// BurstResult checks a burst: what its events came to.
type BurstResult struct {
	// Of is the id of the burst step; "" is the step itself.
	Of string `yaml:"of" json:"of,omitempty"`
	// Acknowledged is how many events got a 2xx; unset is all that were sent.
	Acknowledged *Count `yaml:"acknowledged" json:"acknowledged,omitempty"`
	// Bin that is compared with what was sent: every acknowledged event captured exactly once, nothing else.
	Bin string `yaml:"bin" json:"bin,omitempty"`
}

// Count is a number of things: exactly N (a number alone in a file), or between min and max.
type Count struct {
	// Min is the least there may be.
	Min int `yaml:"min" json:"min,omitempty"`
	// Max is the most there may be; unset is no bound.
	Max *int `yaml:"max" json:"max,omitempty"`
}

// Schema is what is expected of bodies; "" is not checked.
type Schema string

// SchemaValid is a body that satisfies the schema of its event.
const SchemaValid Schema = "valid"

// Order is the order of captures; "" is not checked.
type Order string

// The values of Order.
const (
	AsHappened Order = "as-happened"  // as the events happened
	OutOfOrder Order = "out-of-order" // not as they happened
	AsSent     Order = "as-sent"      // as the run's steps sent them
)

// Headers is what is expected of header lines. In a file it is the word documented, or a mapping.
type Headers struct {
	// Documented: method and header lines are those of the provider's documents, names letter for letter.
	Documented bool
	// Lines are exact names → regular expressions of the whole value.
	Lines map[string]string
}

// Attempts is what came of a delivery's attempts. In a file it is a number, or a list.
type Attempts struct {
	// Number of attempts; 0 is not checked.
	Number int
	// Outcomes in order: "503", "4xx", or an outcome's name.
	Outcomes []string
}

// Aspect is a part of a message that can be compared: body, id, "header NAME", or a jq path that begins with ".".
type Aspect string
