package scenarios

import (
	"strings"
	"time"
)

// Status is the result on a step or a scenario.
type Status string

// The statuses. A scenario is never skipped; its status is the worst of its steps': error, failed, inconclusive, passed.
const (
	Passed       Status = "passed"
	Failed       Status = "failed"       // the consumer is wrong
	Inconclusive Status = "inconclusive" // what would be needed to check is not all there
	Errored      Status = "error"        // the server failed, so nothing could be checked
	Skipped      Status = "skipped"      // the step was not for this run, or an error came before it
)

// severity orders the statuses, the worst last.
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
	File        string `json:"file,omitempty"`        // "" for one made in Go
	Description string `json:"description,omitempty"` // the scenario's own
	// Seed of every event; a run with the same seed sends the same bytes.
	Seed uint64 `json:"seed"`
	// Target is what was checked: the consumer's address, or the bins in place of one.
	Target string `json:"target"`
	// Started is when the run began, by the wall clock.
	Started time.Time    `json:"started"`
	Status  Status       `json:"status"`  // the worst of its steps'
	Steps   []StepReport `json:"steps"`   // in order
	Counts  Counts       `json:"counts"`  // what the run did
	TookMS  float64      `json:"took_ms"` // by the wall clock
	// Notes are what else a reader should know: a target that no step uses, what was left out.
	Notes []string `json:"notes,omitempty"`
	// Repeat is the command that does the same again.
	Repeat string `json:"repeat"`
}

// StepReport is the result of one step: its ID, Verb and Status, and how long it took (TookMS, by the wall clock).
type StepReport struct {
	ID     string `json:"id"`
	Verb   string `json:"verb"`
	Status Status `json:"status"`
	// Detail says what was done and found or, on a failure, what is wrong, a line each.
	Detail string  `json:"detail"`
	TookMS float64 `json:"took_ms"`
	// Exchanges are the requests that a step which did not pass is about, with what was answered to each.
	Exchanges []Exchange `json:"exchanges,omitempty"`
	// More counts further exchanges, which are not listed.
	More int `json:"more_exchanges,omitempty"`
}

// Counts is how much a run did: events, Deliveries, their Attempts, and captures.
type Counts struct {
	Events     int `json:"events"`      // rendered and sent
	EventTypes int `json:"event_types"` // different ones, over all providers
	Deliveries int `json:"deliveries"`
	Attempts   int `json:"attempts"`
	Captures   int `json:"captures"` // in the bins of the run
}

// Failed returns the steps that did not pass, without those skipped.
func (r *Report) Failed() []StepReport {
	var failed []StepReport
	for _, s := range r.Steps {
		if s.Status != Passed && s.Status != Skipped {
			failed = append(failed, s)
		}
	}
	return failed
}

// settle sets the report's status to the worst of its steps'.
func (r *Report) settle() {
	r.Status = Passed
	for _, s := range r.Steps {
		if s.Status.severity() > r.Status.severity() {
			r.Status = s.Status
		}
	}
}

// shellWord quotes a word for a shell where it must be.
func shellWord(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:=@%+,", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
