package journal

import (
	"slices"
	"strconv"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// Endpoint is a registered subscription: where events go, which, signed with what.
type Endpoint struct {
	ID       string `json:"id"`
	Provider string `json:"provider"`
	Tenant   string `json:"tenant,omitempty"`
	URL      string `json:"url"`
	// Events are the patterns it subscribes to.
	Events []string `json:"events,omitempty"`
	// Secrets are the active secrets, newest first.
	Secrets     []string  `json:"secrets,omitempty"`
	Description string    `json:"description,omitempty"`
	Disabled    bool      `json:"disabled,omitempty"`
	Created     time.Time `json:"created"`
	// Retry is the retry profile's name; "" is the provider's default.
	Retry string `json:"retry,omitempty"`
	// Timeout of one attempt; 0 is the provider's.
	Timeout Duration `json:"timeout,omitempty"`
	// Run is the run that the endpoint belongs to: it gets the events of that run and no others. It goes when the run ends; "" is none.
	Run string `json:"run,omitempty"`
}

// State is where a delivery stands.
type State string

// The states. Pending is the only one that can change.
const (
	Pending   State = "pending"
	Delivered State = "delivered" // an attempt succeeded
	Exhausted State = "exhausted" // the last attempt that the profile allows failed
	Stopped   State = "stopped"   // the response, or the endpoint's removal, ended it
	Dropped   State = "dropped"   // a fault kept it from being sent
)

// Delivery is one event on its way to one endpoint. A store keeps its times in UTC.
type Delivery struct {
	ID       string         `json:"id"`  // unique in a store, which gives one where it is empty
	Seq      uint64         `json:"seq"` // given by the store, ascending
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
	// Next is when the next attempt is due, on the schedule's clock; zero when there is none.
	Next time.Time `json:"next,omitzero"`
	// Problems says why the record could not be read whole: "damaged: …". Nothing more is sent of such a delivery.
	Problems []string `json:"problems,omitempty"`
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

// InUTC returns d with its times as every store keeps them: in UTC, without a monotonic reading.
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

// DeliveryID returns the id that a store gives to the delivery with that sequence number when it comes without one.
func DeliveryID(seq uint64) string { return "d" + strconv.FormatUint(seq, 10) }

// Attempt is one HTTP try of a delivery.
type Attempt struct {
	N int `json:"n"` // from 1
	// Due is when it was to be sent, on the schedule's clock, which may be virtual; At is the wall clock when it was.
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

// InUTC returns a with its times as every store keeps them.
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
	Before   uint64 // only seq < Before; 0 is no bound
	After    uint64 // only seq > After
	Limit    int    // 0 is DefaultLimit, at most MaxLimit
	Oldest   bool   // oldest first instead
}
