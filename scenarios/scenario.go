package scenarios

import (
	"encoding/json"
	"slices"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver"
)

// Version is the file format that this package reads: the value of the key hookrig.
const Version = 1

// Scenario is a sequence of steps and expectations: what is sent, by whom, to whom, and what must
// be true afterwards. Load reads one from a file; you can also build one in Go.
type Scenario struct {
	// Version of the file format: 1.
	Version int `yaml:"hookrig" json:"hookrig" strict:"required"`
	// Name of the scenario: lower-case words joined with "-". The content of the events depends on
	// it and on the seed.
	Name string `yaml:"name" json:"name" strict:"required"`
	// Description explains what the scenario checks. Reports show it.
	Description string `yaml:"description" json:"description,omitempty"`
	// Seed of all random values. Without it, each run chooses a random seed and prints it.
	Seed *uint64 `yaml:"seed" json:"seed,omitempty"`
	// Provider is the default provider of the steps in a file.
	Provider string `yaml:"provider" json:"provider,omitempty"`
	// Conformance makes the scenario a check of a consumer, which `hookrig check` grades.
	Conformance *Conformance `yaml:"check" json:"check,omitempty"`
	// Tags select scenarios of a library: `hookrig run --only tag:NAME`.
	Tags []string `yaml:"tags" json:"tags,omitempty"`
	// Params are values that a run can set (--param), by name.
	Params map[string]Param `yaml:"params" json:"params,omitempty"`
	// Rows are a table: the scenario is played once for each row, with its values.
	Rows Table `yaml:"rows" json:"rows,omitempty"`
	// Timeout is the time limit of setup and steps together, by the wall clock. A scenario that
	// exceeds it is inconclusive. 0 is no limit.
	Timeout Duration `yaml:"timeout" json:"timeout,omitempty"`
	// Clock that schedules deliveries and retries.
	Clock Clock `yaml:"clock" json:"clock,omitzero"`
	// Target is the consumer that receives the events of steps that name no other URL.
	Target Target `yaml:"target" json:"target,omitzero"`
	// Bins that record requests, by name.
	Bins map[string]Bin `yaml:"bins" json:"bins,omitempty"`
	// Effects read the consumer's state, by name.
	Effects map[string]Effect `yaml:"effects" json:"effects,omitempty"`
	// Setup runs before the steps. When one of its steps does not pass, the steps are not run.
	Setup []Step `yaml:"setup" json:"setup,omitempty"`
	// Steps run one after the other.
	Steps []Step `yaml:"steps" json:"steps" strict:"required"`
	// Teardown runs at the end, whatever happened before: also after a failed step, a time limit
	// and an interrupt. It has a time limit of 30 s.
	Teardown []Step `yaml:"teardown" json:"teardown,omitempty"`

	file  string
	files []string   // all files that were read, without those of providers
	root  *yaml.Node // top-level mapping of the file; nil for a scenario built in Go
	row   *row       // the row of a table that this scenario plays; nil without a table
	// ids of the steps to play; nil is all
	only map[string]bool
}

// File returns the path that the scenario was loaded from, or "".
func (s *Scenario) File() string { return s.file }

// Files returns the paths of all files that the scenario was loaded from: its own and those that it
// includes.
func (s *Scenario) Files() []string { return slices.Clone(s.files) }

// all returns all steps in the order in which they run.
func (s *Scenario) all() []*Step {
	var all []*Step
	for _, list := range [][]Step{s.Setup, s.Steps, s.Teardown} {
		for i := range list {
			all = append(all, &list[i])
		}
	}
	return all
}

// Clock schedules deliveries and retries. The timestamps of signatures are always wall time.
type Clock struct {
	// Mode is virtual (only advance steps move the clock) or real (wall time). Without a mode, the
	// clock is virtual if a step advances it; otherwise it has the server's mode. A server started
	// for the scenario has a virtual clock.
	Mode ClockMode `yaml:"mode" json:"mode,omitempty" strict:"oneof=virtual|real"`
	// Start is the initial time of a virtual clock and the earliest time in event bodies.
	Start time.Time `yaml:"start" json:"start,omitzero"`
}

// ClockMode is the mode of a Clock.
type ClockMode string

// The modes of a Clock.
const (
	VirtualClock ClockMode = "virtual"
	RealClock    ClockMode = "real"
)

// Target is the consumer under test: a URL, or a bin that acts as the consumer until a run sets a
// URL (--target).
type Target struct {
	// URL of the consumer.
	URL string `yaml:"url" json:"url,omitempty"`
	// Bin acts as the consumer in runs without a target URL. In runs with one, expectations on the
	// bin are skipped.
	Bin string `yaml:"bin" json:"bin,omitempty"`
	// Secret that the consumer verifies signatures with. Subscriptions to the target use it.
	// Without it, the provider generates one.
	Secret string `yaml:"secret" json:"secret,omitempty"`
}

// Bin is a capture address of the scenario. Each run uses a separate bin with a unique name, so
// that runs do not disturb each other.
type Bin struct {
	// Provider whose signatures the bin verifies on arrival.
	Provider string `yaml:"provider" json:"provider,omitempty"`
	// Secret to verify signatures with; "" is the secrets of the subscriptions whose URL is the
	// bin.
	Secret string `yaml:"secret" json:"secret,omitempty"`
	// Handshakes are verification challenges that the bin answers automatically. They use no
	// response of the sequence.
	Handshakes []Handshake `yaml:"handshakes" json:"handshakes,omitempty"`
	Script     `yaml:",inline"`
}

// Handshake is the challenge with which a provider verifies a new endpoint. In a file it is a kind
// (slack), or a mapping.
type Handshake struct {
	// Kind of the handshake.
	Kind HandshakeKind `yaml:"kind" json:"kind" strict:"required,oneof=slack|discord|meta|twitter|cloudevents"`
	// Secret of the challenge. Kind twitter requires one. It is the verify token of meta and the
	// public key of discord: with it the bin refuses challenges from others.
	Secret string `yaml:"secret" json:"secret,omitempty"`
}

// HandshakeKind is the kind of a Handshake. mockserver.HandshakeKinds lists the kinds.
type HandshakeKind string

// Script chooses the responses of a bin. The zero Script answers 200 to every request.
type Script struct {
	// Responses are used in sequence; the last one repeats.
	Responses []Response `yaml:"responses" json:"responses,omitempty"`
	// Loop restarts the sequence after the last response.
	Loop bool `yaml:"loop" json:"loop,omitempty"`
	// By delivery starts the sequence for each delivery: its first attempt gets the first response.
	By SequenceBy `yaml:"by" json:"by,omitempty" strict:"oneof=delivery"`
	// Rules are tried before the responses. The first rule whose condition is true answers.
	Rules []Rule `yaml:"rules" json:"rules,omitempty"`
}

// SequenceBy selects the requests that share one sequence of responses.
type SequenceBy string

// PerDelivery starts the sequence for each delivery; the zero value shares one sequence among all
// requests of the bin.
const PerDelivery SequenceBy = "delivery"

// Rule answers the requests for which a condition is true, with one response or with a sequence of
// responses.
type Rule struct {
	// Where is a jq condition over {method, path, query, params, headers, body, form, parts}.
	Where Condition `yaml:"where" json:"where" strict:"required"`
	// Response to these requests; set either this or responses.
	Response *Response `yaml:"response" json:"response,omitempty"`
	// Responses of the rule, used in sequence; the last one repeats.
	Responses []Response `yaml:"responses" json:"responses,omitempty"`
	// Loop restarts the sequence after the last response.
	Loop bool `yaml:"loop" json:"loop,omitempty"`
	// By delivery starts the sequence for each delivery.
	By SequenceBy `yaml:"by" json:"by,omitempty" strict:"oneof=delivery"`
}

// Response is a response of a bin. In a file it is a status (503), or a mapping.
type Response struct {
	// Status of the response; 0 is 200.
	Status int `yaml:"status" json:"status,omitempty"`
	// Headers of the response.
	Headers map[string]string `yaml:"headers" json:"headers,omitempty"`
	// Lines are header lines, each [name, value]. They are sent in this order and case; names may
	// repeat.
	Lines []Line `yaml:"lines" json:"lines,omitempty"`
	// Body of the response.
	Body string `yaml:"body" json:"body,omitempty"`
	// Delay before the first byte, at most 10m.
	Delay Duration `yaml:"delay" json:"delay,omitempty"`
	// Drip is the time over which the body is sent in pieces, at most 10m.
	Drip Duration `yaml:"drip" json:"drip,omitempty"`
	// Cut resets the connection after half of the head or half of the body.
	Cut Cut `yaml:"cut" json:"cut,omitempty" strict:"oneof=head|body"`
	// Hang sends no response and leaves the connection open until the sender closes it.
	Hang bool `yaml:"hang" json:"hang,omitempty"`
	// Reset closes the connection without a response.
	Reset bool `yaml:"reset" json:"reset,omitempty"`
}

// Line is a header line: [name, value].
type Line signature.Header

// Cut is the part of a Response in which the connection is reset.
type Cut string

// The parts of a Response.
const (
	CutHead Cut = mockserver.CutHead
	CutBody Cut = mockserver.CutBody
)

// Effect reads the consumer's state with exactly one of http, sql, sink, exec and func. The result
// is a value {status, headers, body}: an HTTP response, the rows of a query, the captures of a bin,
// or the exit code and output of a command. A JSON body is parsed.
type Effect struct {
	// HTTP request to the consumer or to another server that knows its state.
	HTTP *Request `yaml:"http" json:"http,omitempty"`
	// SQL is a query of a database. Only runs that allow it read databases.
	SQL *Query `yaml:"sql" json:"sql,omitempty"`
	// Sink are the requests that the consumer sends to a bin of the scenario.
	Sink *Sink `yaml:"sink" json:"sink,omitempty"`
	// Exec is a command: the program and its arguments. No shell is used.
	Exec []string `yaml:"exec" json:"exec,omitempty"`
	// Func is the name of a Go function in Options.Effects.
	Func string `yaml:"func" json:"func,omitempty"`
	// JQ selects the value from {status, headers, body}. "" is .body; for a sink the number of
	// requests; for one row of one column its value.
	JQ Condition `yaml:"jq" json:"jq,omitempty"`
}

// Request is the HTTP request of an Effect.
type Request struct {
	// Method of the request; "" is GET.
	Method string `yaml:"method" json:"method,omitempty"`
	// URL of the request.
	URL string `yaml:"url" json:"url" strict:"required"`
	// Headers of the request.
	Headers map[string]string `yaml:"headers" json:"headers,omitempty"`
	// Body of the request.
	Body string `yaml:"body" json:"body,omitempty"`
}

// Query is the SQL query of an Effect. It runs in a read-only transaction.
type Query struct {
	// DSN is the database: postgres://… or sqlite:FILE.
	DSN string `yaml:"dsn" json:"dsn" strict:"required"`
	// Query is one SELECT statement. The body is its list of rows, each {column: value}.
	Query string `yaml:"query" json:"query" strict:"required"`
	// Args are the values of the parameters $1, $2, and so on.
	Args []json.RawMessage `yaml:"args" json:"args,omitempty"`
}

// Sink is the source of an Effect: requests that the consumer sends to a bin. The body is the list
// of requests since the run began, oldest first, each {method, path, query, headers, body}.
type Sink struct {
	// Bin that the consumer calls.
	Bin string `yaml:"bin" json:"bin" strict:"required"`
	// Where is a jq condition that selects requests; "" is all.
	Where Condition `yaml:"where" json:"where,omitempty"`
}

// Condition is a jq program.
type Condition string
