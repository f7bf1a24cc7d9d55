package journal

import (
	"slices"
	"strconv"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// Endpoint is a registered subscription: the URL, the event patterns and the secrets.
type Endpoint struct {
	ID       string `json:"id"`
	Provider string `json:"provider"`
	Tenant   string `json:"tenant,omitempty"`
	URL      string `json:"url"`
	// Events are the patterns of the events that it gets.
	Events []string `json:"events,omitempty"`
	// Secrets are the active secrets, newest first.
	Secrets     []string  `json:"secrets,omitempty"`
	Description string    `json:"description,omitempty"`
	Disabled    bool      `json:"disabled,omitempty"`
	Created     time.Time `json:"created"`
	// Reason is why the delivery policy disabled or paused the endpoint.
	Reason string `json:"reason,omitempty"`
	// PausedUntil is when a pause ends, on the schedule's clock.
	PausedUntil time.Time `json:"paused_until,omitzero"`
	// Retry is the name of a retry profile of the provider, or "like NAME" for the delivery policy
	// of a vendor. "" means the provider's default.
	Retry string `json:"retry,omitempty"`
	// Timeout is the timeout of one attempt. 0 means the provider's default.
	Timeout Duration `json:"timeout,omitempty"`
	// Run is the id of the run that the endpoint belongs to. Such an endpoint gets only events of
	// that run and is deleted when the run ends.
	Run string `json:"run,omitempty"`
}

// State is the state of a delivery.
type State string

// These are the states. Only Pending can change.
const (
	Pending   State = "pending"
	Delivered State = "delivered" // an attempt succeeded
	Exhausted State = "exhausted" // the last attempt of the profile failed
	Stopped   State = "stopped"   // the response or the removal of the endpoint ended it
	Dropped   State = "dropped"   // a fault prevented it from being sent
)

// Delivery is one event for one endpoint. Its times are in UTC once it is stored.
type Delivery struct {
	ID       string         `json:"id"`  // unique in a store, which sets it if it is empty
	Seq      uint64         `json:"seq"` // ascending, set by the store
	Provider string         `json:"provider"`
	Endpoint string         `json:"endpoint"` // the endpoint's id
	URL      string         `json:"url"`
	Event    fixtures.Event `json:"event"`
	// Pattern is the subscription pattern that selected the event.
	Pattern  string    `json:"pattern,omitempty"`
	State    State     `json:"state"`
	Created  time.Time `json:"created"` // on the schedule's clock
	Faults   []string  `json:"faults,omitempty"`
	Attempts []Attempt `json:"attempts"`
	// Next is when the next attempt is due, on the schedule's clock. It is zero if there is none.
	Next time.Time `json:"next,omitzero"`
	// Problems says why the record could not be read completely: "damaged: …". Such a delivery gets
	// no more attempts.
	Problems []string `json:"problems,omitempty"`

	// Ordered asks a Shared store, when it saves the delivery, that one server makes all such
	// deliveries of the endpoint: see Leases. The store does not keep it.
	Ordered bool `json:"-"`
}

// Clone returns a copy that shares nothing with d. Its attempts and bodies
// are never nil, so that they are never null in JSON.
func (d Delivery) Clone() Delivery {
	d.Event.Headers = slices.Clone(d.Event.Headers)
	d.Event.Body = append(make([]byte, 0, len(d.Event.Body)), d.Event.Body...)
	d.Faults = slices.Clone(d.Faults)
	d.Problems = slices.Clone(d.Problems)
	attempts := make([]Attempt, len(d.Attempts))
	for i, a := range d.Attempts {
		attempts[i] = a.Clone()
	}
	d.Attempts = attempts
	return d
}

// InUTC returns d with its times as every store has them: in UTC, without a monotonic reading.
func (d Delivery) InUTC() Delivery {
	d.Event.At = inUTC(d.Event.At)
	d.Created = inUTC(d.Created)
	d.Next = inUTC(d.Next)
	for i, a := range d.Attempts {
		d.Attempts[i] = a.InUTC()
	}
	return d
}

func inUTC(t time.Time) time.Time { return t.Round(0).UTC() }

// DeliveryID returns the id that a store sets for a delivery without one.
func DeliveryID(seq uint64) string { return "d" + strconv.FormatUint(seq, 10) }

// Attempt is one HTTP try of a delivery.
type Attempt struct {
	N int `json:"n"` // from 1
	// Due is when it was scheduled, on the schedule's clock, which may be virtual. At is when it
	// was sent, on the wall clock.
	Due      time.Time      `json:"due"`
	At       time.Time      `json:"at"`
	TookMS   float64        `json:"took_ms"`
	Outcome  wire.Outcome   `json:"outcome"`
	Status   int            `json:"status"`
	Error    string         `json:"error,omitempty"`
	Fault    string         `json:"fault"`
	Sent     wire.Message   `json:"sent"`
	Response *wire.Response `json:"response,omitempty"`
}

// Clone returns a copy that shares nothing with a. Its message's headers and body are never nil.
func (a Attempt) Clone() Attempt {
	a.Sent = cloneMessage(a.Sent)
	if a.Response != nil {
		response := *a.Response
		response.Headers = slices.Clone(response.Headers)
		response.Body = slices.Clone(response.Body)
		a.Response = &response
	}
	return a
}

// InUTC returns a with its times as every store has them.
func (a Attempt) InUTC() Attempt {
	a.Due = inUTC(a.Due)
	a.At = inUTC(a.At)
	return a
}

// DeliveryQuery selects deliveries, newest first.
type DeliveryQuery struct {
	Provider string
	Endpoint string
	State    State
	EventID  string
	Before   uint64 // only seq < Before; 0 means no bound
	After    uint64 // only seq > After
	Limit    int    // 0 means DefaultLimit; at most MaxLimit
	Oldest   bool   // oldest first
}
