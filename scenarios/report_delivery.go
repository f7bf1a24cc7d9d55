package scenarios

import (
	"time"

	"github.com/hookrig/hookrig/internal/redact"
	"github.com/hookrig/hookrig/mockserver"
)

// DeliveryReport is a delivery of a step, as it was at the end of the run: its ID, the Provider and
// the Event that was sent to URL, its Faults and its State.
type DeliveryReport struct {
	ID       string           `json:"id"`
	Provider string           `json:"provider"`
	Event    string           `json:"event"`
	URL      string           `json:"url"`
	Faults   []string         `json:"faults,omitempty"`
	State    mockserver.State `json:"state"`
	// Next is when the next attempt was due, by the clock of the schedule; zero for none.
	Next time.Time `json:"next,omitzero"`
	// Attempts are the first attempts, in order.
	Attempts []AttemptReport `json:"attempts"`
	// MoreAttempts is the number of further attempts that are not listed.
	MoreAttempts int `json:"more_attempts,omitempty"`
}

// AttemptReport is one attempt of a delivery: its number N, from 1, its Outcome, and the Status of
// the response or the Reason why there is none.
type AttemptReport struct {
	N int `json:"n"`
	// Due is when it was scheduled, by the clock of the schedule, which may be virtual. At is when
	// it was sent, by the wall clock.
	Due time.Time `json:"due"`
	At  time.Time `json:"at"`
	// TookMS is its duration in milliseconds, by the wall clock.
	TookMS  float64            `json:"took_ms"`
	Outcome mockserver.Outcome `json:"outcome"`
	Status  int                `json:"status,omitempty"`
	Reason  string             `json:"reason,omitempty"`
	Fault   string             `json:"fault,omitempty"` // what was done wrong on purpose
}

// reported returns the report of a delivery without secrets.
func (r *run) reported(d *mockserver.Delivery) DeliveryReport {
	report := DeliveryReport{
		ID: d.ID, Provider: d.Provider, Event: d.Event.Name, URL: r.redact(redact.URL(d.URL)), Faults: d.Faults, State: d.State, Next: d.Next,
		Attempts: []AttemptReport{}, MoreAttempts: max(len(d.Attempts)-mostAttempts, 0),
	}
	for i := range d.Attempts[:len(d.Attempts)-report.MoreAttempts] {
		a := &d.Attempts[i]
		report.Attempts = append(report.Attempts, AttemptReport{
			N: a.N, Due: a.Due, At: a.At, TookMS: a.TookMS, Outcome: a.Outcome, Status: a.Status,
			Reason: r.redact(redact.Quoted(a.Error)), Fault: a.Fault,
		})
	}
	return report
}

// longestValue is the number of bytes of a text in a Difference.
const longestValue = 4 << 10

// differences returns differences without secrets, each text cut.
func (r *run) differences(list []Difference) []Difference {
	for i := range list {
		d := &list[i]
		d.What, d.Want, d.Got = r.redact(redact.Quoted(d.What)), r.value(d.Want), r.value(d.Got)
	}
	return list
}

// value returns a text of a message without secrets, cut.
func (r *run) value(text string) string {
	text = r.redact(string((&redact.Pass{}).Body("", []byte(text))))
	if len(text) > longestValue {
		return text[:longestValue] + omission(len(text)-longestValue)
	}
	return text
}

// nearMisses returns near misses without secrets.
func (r *run) nearMisses(list []NearMiss) []NearMiss {
	for i := range list {
		list[i].Target = r.redact(redact.URL(list[i].Target))
		for k, difference := range list[i].Differences {
			list[i].Differences[k] = r.redact(redact.Quoted(difference))
		}
	}
	return list
}
