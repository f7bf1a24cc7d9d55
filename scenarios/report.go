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
	Errored      Status = "error"        // the server could not judge
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

// Report is the result on one run of a scenario.
type Report struct {
	Scenario    string `json:"scenario"`
	File        string `json:"file,omitempty"`
	Description string `json:"description,omitempty"`
	// Seed that every event was drawn from; a run with the same seed sends the same bytes.
	Seed uint64 `json:"seed"`
	// Target is what was checked: the consumer's address, or the bins that stood in for one.
	Target string `json:"target"`
	// Started is when the run began, by the wall clock.
	Started time.Time    `json:"started"`
	Status  Status       `json:"status"`
	Steps   []StepReport `json:"steps"`
	Counts  Counts       `json:"counts"`
	TookMS  float64      `json:"took_ms"`
	// Notes are what a reader should know besides: a target that no step uses, what was left out.
	Notes []string `json:"notes,omitempty"`
	// Repeat is the command that does the same again.
	Repeat string `json:"repeat"`
}

// StepReport is the result on one step.
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

// Counts is how much a run did.
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
