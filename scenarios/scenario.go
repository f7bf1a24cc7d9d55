package scenarios

import (
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver"
)

// Version is the version of the file format that this package reads: the value of the key hookrig.
const Version = 1

// Scenario is a test plan: what is sent, by whom, to whom, and what must then be true. It is a file's content; a scenario
// made in Go is the same value without the file.
type Scenario struct {
	// Version of the format: 1.
	Version int `yaml:"hookrig" json:"hookrig" strict:"required"`
	// Name of the scenario: lower case words joined with "-". Every event's content depends on it and on the seed.
	Name string `yaml:"name" json:"name" strict:"required"`
	// Description says what the scenario shows, for the reader of the file and of the report.
	Description string `yaml:"description" json:"description,omitempty"`
	// Seed of every event; without one each run has a random one and prints it.
	Seed *uint64 `yaml:"seed" json:"seed,omitempty"`
	// Provider of the steps that name none, in a file.
	Provider string `yaml:"provider" json:"provider,omitempty"`
	// Clock that the deliveries' schedule follows.
	Clock Clock `yaml:"clock" json:"clock,omitzero"`
	// Target is the consumer that the events go to when a step names no other.
	Target Target `yaml:"target" json:"target,omitzero"`
	// Bins that record, by name.
	Bins map[string]Bin `yaml:"bins" json:"bins,omitempty"`
	// Effects look at the consumer's state, by name.
	Effects map[string]Effect `yaml:"effects" json:"effects,omitempty"`
	// Steps are taken one after the other.
	Steps []Step `yaml:"steps" json:"steps" strict:"required"`

	file string
	root *yaml.Node // the file's mapping; nil for a scenario made in Go
}

// File is the path that the scenario was loaded from, or "".
func (s *Scenario) File() string { return s.file }

// Clock is what the schedule of deliveries and retries follows. Signatures are always stamped with wall time.
type Clock struct {
	// Mode is virtual (it moves only when a step advances it) or real (wall time). Without it, the clock is virtual if a step advances it, else
	// that of the server: one started for the scenario has a virtual clock.
	Mode ClockMode `yaml:"mode" json:"mode,omitempty" strict:"oneof=virtual|real"`
	// Start is the earliest time that an event's body speaks of, and where a virtual clock starts.
	Start time.Time `yaml:"start" json:"start,omitzero"`
}

// ClockMode names a clock.
type ClockMode string

// The modes of a Clock.
const (
	VirtualClock ClockMode = "virtual"
	RealClock    ClockMode = "real"
)

// Target is the consumer under test: an address, or a bin in its place until a run is given an address.
type Target struct {
	// URL is the consumer's address.
	URL string `yaml:"url" json:"url,omitempty"`
	// Bin takes the place of the consumer when no address is given. With an address, expectations on the bin are skipped.
	Bin string `yaml:"bin" json:"bin,omitempty"`
	// Secret that the consumer verifies with; subscriptions to the target use it. Without one the provider mints its own.
	Secret string `yaml:"secret" json:"secret,omitempty"`
}

// Bin is a capture address of the scenario. Each run has its own, so that runs do not disturb each other.
type Bin struct {
	// Provider whose signatures the bin verifies on arrival.
	Provider string `yaml:"provider" json:"provider,omitempty"`
	// Secret it verifies with; without one, the secrets of the subscriptions that lead to the bin.
	Secret string `yaml:"secret" json:"secret,omitempty"`
	// Handshakes are endpoint checks that the bin passes by itself, before its responses and without taking a response of the sequence.
	Handshakes []Handshake `yaml:"handshakes" json:"handshakes,omitempty"`
	Script     `yaml:",inline"`
}

// Handshake is a system's check of a new endpoint: its kind alone (slack), or a mapping.
type Handshake struct {
	// Kind of the handshake.
	Kind HandshakeKind `yaml:"kind" json:"kind" strict:"required,oneof=slack|discord|meta|twitter|cloudevents"`
	// Secret that proves it: twitter needs one; with meta's verify token or discord's public key the check is refused to others.
	Secret string `yaml:"secret" json:"secret,omitempty"`
}

// HandshakeKind names a Handshake, as mockserver.HandshakeKinds does.
type HandshakeKind string

// Script is what a bin answers. The zero Script answers 200 to all.
type Script struct {
	// Responses are given in sequence; the last one stays.
	Responses []Response `yaml:"responses" json:"responses,omitempty"`
	// Loop starts the responses anew after the last.
	Loop bool `yaml:"loop" json:"loop,omitempty"`
	// By delivery gives every delivery the responses from the first on: its attempts take the sequence from its start.
	By SequenceBy `yaml:"by" json:"by,omitempty" strict:"oneof=delivery"`
	// Rules come before the responses: the first whose condition holds answers.
	Rules []Rule `yaml:"rules" json:"rules,omitempty"`
}

// SequenceBy says who shares the sequence of a Script's responses.
type SequenceBy string

// PerDelivery starts the sequence for each delivery; "" shares it among all requests of the bin.
const PerDelivery SequenceBy = "delivery"

// Rule answers the requests for which a condition holds: with one response, or with a sequence of responses, as a Script does.
type Rule struct {
	// Where is a jq condition over {method, path, query, params, headers, body, form, parts}.
	Where Condition `yaml:"where" json:"where" strict:"required"`
	// Response that they get; it, or responses.
	Response *Response `yaml:"response" json:"response,omitempty"`
	// Responses of the rule, given in sequence; the last one stays.
	Responses []Response `yaml:"responses" json:"responses,omitempty"`
	// Loop starts the responses anew after the last.
	Loop bool `yaml:"loop" json:"loop,omitempty"`
	// By delivery gives every delivery the rule's responses from the first on.
	By SequenceBy `yaml:"by" json:"by,omitempty" strict:"oneof=delivery"`
}

// Response is what a bin answers: a status alone (503), or a mapping.
type Response struct {
	// Status of the response; 0 is 200.
	Status int `yaml:"status" json:"status,omitempty"`
	// Headers of the response.
	Headers map[string]string `yaml:"headers" json:"headers,omitempty"`
	// Lines are header lines, each [name, value], in their order and case, names may repeat.
	Lines []Line `yaml:"lines" json:"lines,omitempty"`
	// Body of the response.
	Body string `yaml:"body" json:"body,omitempty"`
	// Delay before the first byte, at most 10m.
	Delay Duration `yaml:"delay" json:"delay,omitempty"`
	// Drip is how long the body takes, at most 10m: it comes in pieces, the last one at the end of that time.
	Drip Duration `yaml:"drip" json:"drip,omitempty"`
	// Cut resets the connection when half of the head or of the body has been sent.
	Cut Cut `yaml:"cut" json:"cut,omitempty" strict:"oneof=head|body"`
	// Hang never answers; the connection stays open until the sender gives up.
	Hang bool `yaml:"hang" json:"hang,omitempty"`
	// Reset closes the connection without an answer.
	Reset bool `yaml:"reset" json:"reset,omitempty"`
}

// Line is a header line: [name, value].
type Line signature.Header

// Cut says in which part of a Response the connection is reset.
type Cut string

// The parts of a Response.
const (
	CutHead Cut = mockserver.CutHead
	CutBody Cut = mockserver.CutBody
)

// Effect looks at the consumer's state, by exactly one of http, exec and func. The result is a value
// {status, headers, body}: the response of an HTTP request, or a command's exit code and output. A body that is JSON is parsed.
type Effect struct {
	// HTTP asks the consumer, or whatever knows its state.
	HTTP *Request `yaml:"http" json:"http,omitempty"`
	// Exec runs a command: the program and its arguments, without a shell.
	Exec []string `yaml:"exec" json:"exec,omitempty"`
	// Func is the name of a Go function that the run was given.
	Func string `yaml:"func" json:"func,omitempty"`
	// JQ takes the part that matters out of {status, headers, body}; "" is .body.
	JQ Condition `yaml:"jq" json:"jq,omitempty"`
}

// Request is the HTTP request of an Effect.
type Request struct {
	// Method of the request; "" is GET.
	Method string `yaml:"method" json:"method,omitempty"`
	// URL that is asked.
	URL string `yaml:"url" json:"url" strict:"required"`
	// Headers of the request.
	Headers map[string]string `yaml:"headers" json:"headers,omitempty"`
	// Body of the request.
	Body string `yaml:"body" json:"body,omitempty"`
}

// Condition is a jq program.
type Condition string
