package scenarios

import (
	"time"
)

// Status is the result of a step or a scenario.
type Status string

// The values of Status. The status of a scenario is the worst status of its steps, in the order
// error, failed, inconclusive, passed.
const (
	Passed       Status = "passed"
	Failed       Status = "failed"       // the consumer is wrong
	Inconclusive Status = "inconclusive" // data that the check needs is missing
	Errored      Status = "error"        // the server failed, so nothing could be checked
	// the step does not apply to this run, or an earlier error ended the run
	Skipped Status = "skipped"
)

// severity orders the statuses; the worst has the highest number.
func (s Status) severity() int {
	switch s {
	case Errored:
		return 4
	case Failed:
		return 3
	case Inconclusive:
		return 2
	case Passed:
		return 1
	}
	return 0
}

// Report is the result of one run of a Scenario, by its name.
type Report struct {
	Scenario    string `json:"scenario"`
	File        string `json:"file,omitempty"`        // "" for a scenario built in Go
	Description string `json:"description,omitempty"` // description of the scenario
	// Tags of the scenario.
	Tags []string `json:"tags,omitempty"`
	// Seed of the run; a run with the same seed sends the same bytes.
	Seed uint64 `json:"seed"`
	// Target is what was checked: the consumer's URL, or the bins that acted as the consumer.
	Target string `json:"target"`
	// Started is when the run began, by the wall clock.
	Started time.Time    `json:"started"`
	Status  Status       `json:"status"`  // the worst status of the steps
	Steps   []StepReport `json:"steps"`   // in the order of the scenario
	Counts  Counts       `json:"counts"`  // what the run did
	TookMS  float64      `json:"took_ms"` // by the wall clock
	// Notes are remarks on the run, such as a target that no step uses, or expectations that were
	// skipped.
	Notes []string `json:"notes,omitempty"`
	// Repeat is the command that repeats the run.
	Repeat string `json:"repeat"`
}

// StepReport is the result of one step: its ID, Verb and Status. TookMS is its duration in
// milliseconds, by the wall clock.
type StepReport struct {
	ID     string `json:"id"`
	Verb   string `json:"verb"`
	Status Status `json:"status"`
	// File and Line are where the step is written; "" and 0 for a step built in Go.
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
	// Phase of the step; "" is the steps themselves.
	Phase Phase `json:"phase,omitempty"`
	// Detail describes what was done and found or, on a failure, what is wrong, one line each.
	Detail string  `json:"detail"`
	TookMS float64 `json:"took_ms"`
	// Entities are the keys of the entities whose events a journey step rendered.
	Entities []string `json:"entities,omitempty"`
	// Unanswered means that the step failed only because requests got no response in time. The
	// consumer may have acted on them.
	Unanswered bool `json:"unanswered,omitempty"`
	// Differences compare what was expected with what came.
	Differences []Difference `json:"differences,omitempty"`
	// NearMisses are the captures that an expectation nearly selected.
	NearMisses []NearMiss `json:"near_misses,omitempty"`
	// Deliveries are those that the step made or, if it did not pass, checked. Those that are not
	// as expected come first.
	Deliveries []DeliveryReport `json:"deliveries,omitempty"`
	// MoreDeliveries is the number of further deliveries that are not listed.
	MoreDeliveries int `json:"more_deliveries,omitempty"`
	// Exchanges are the requests and responses of the listed deliveries and of a call and, if the
	// step did not pass, the captures that it checked.
	Exchanges []Exchange `json:"exchanges,omitempty"`
	// More is the number of further exchanges that are not listed.
	More int `json:"more_exchanges,omitempty"`
}

// Difference is one place in which What was expected to have the text Want, and has the text Got.
type Difference struct {
	What string `json:"what"`
	Want string `json:"want"`
	Got  string `json:"got"`
}

// NearMiss is a capture that an expectation nearly selected: its id as Capture, its Method and
// Target, and why it was not selected.
type NearMiss struct {
	Capture string `json:"capture"`
	Method  string `json:"method"`
	Target  string `json:"target"`
	// Differences are the conditions that are not true, one text each.
	Differences []string `json:"differences"`
}

// Phase is a part of a scenario.
type Phase string

// The phases of a scenario before and after its steps.
const (
	SetupPhase    Phase = "setup"
	TeardownPhase Phase = "teardown"
)

// Counts are the numbers of events, Deliveries, Attempts and captures of a run.
type Counts struct {
	Events     int `json:"events"`      // rendered and sent
	EventTypes int `json:"event_types"` // different event types, of all providers
	// Handshakes are the events among them that providers sent to new endpoints.
	Handshakes int `json:"handshakes,omitempty"`
	Deliveries int `json:"deliveries"`
	// Acknowledged is the number of events of bursts that got a 2xx.
	Acknowledged int `json:"acknowledged,omitempty"`
	Attempts     int `json:"attempts"`
	Captures     int `json:"captures"` // in the bins of the run
}

// Failed returns the steps that neither passed nor were skipped.
func (r *Report) Failed() []StepReport {
	var failed []StepReport
	for _, s := range r.Steps {
		if s.Status != Passed && s.Status != Skipped {
			failed = append(failed, s)
		}
	}
	return failed
}

// setStatus sets the report's status to the worst status of its steps.
func (r *Report) setStatus() {
	r.Status = Passed
	for _, s := range r.Steps {
		if s.Status.severity() > r.Status.severity() {
			r.Status = s.Status
		}
	}
}
