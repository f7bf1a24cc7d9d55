package burst

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/internal/strictyaml"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// Plan says what a burst sends, where and how fast.
type Plan struct {
	// Parts are the providers whose events are sent, mixed by weight. A Plan has at least one, or a
	// Recording.
	Parts []Part
	// Recording, if set, is sent in a loop instead of Parts.
	Recording *Recording
	// URLs are the consumer's endpoints, at least one. Several share the events; all events of one
	// entity go to the same one.
	URLs []string
	// Shape is the rate over time; the zero value sends each event when the response to another has
	// come.
	Shape Shape
	// Count ends the burst after that many events, Duration after that time, and so does the end of
	// the Shape; the first to come ends it, and one must be set.
	Count    uint64
	Duration time.Duration
	// WarmUp is a time at the start whose events are sent and accounted for, but are not part of
	// the latencies, the rate and the series.
	WarmUp time.Duration
	// Connections is the number of connections of all shards, and so of concurrent requests; 0 is
	// DefaultConnections.
	Connections int
	// Reconnect opens a connection for each request.
	Reconnect bool
	// Overload says what happens to events that are due while no connection is free.
	Overload Overload
	// Faults are done to a share of the events.
	Faults []FaultShare
	// Thresholds are compared with the result. One that says so ends the burst as soon as it fails.
	Thresholds []Threshold
	// Seed determines the events: the same seed sends the same bytes.
	Seed uint64
	// Only, if set, are the only indexes to send, ascending: the events that another run of the
	// same plan has lost. Their bytes are those that the other run sent.
	Only []uint32
	// Shard is the part of the burst that is sent; the zero value sends all of it.
	Shard Shard
	// Start is when the burst begins; zero is at once. What cannot be sent in time, because Start
	// is over, is late.
	Start time.Time
	// Timeout of one request; 0 is the provider's, or 30 s for a Recording.
	Timeout time.Duration
	// Dial opens the connections; nil may reach loopback only.
	Dial DialFunc
	// Trust decides which certificates of an https consumer are accepted.
	Trust wire.Trust
}

// DialFunc opens a connection, as net.Dialer's DialContext does.
type DialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

// Part is one provider of a Plan.
type Part struct {
	// Provider is whose events are sent.
	Provider *fixtures.Provider
	// Secret signs every event; "" sends what the provider sends without a secret.
	Secret string
	// Weight is the share among the parts; 0 is 1.
	Weight float64
	// Events are names or patterns of events, each of a new entity, in rotation. A weight may
	// follow: "Pass:Created=5". None sends journeys.
	Events []string
	// Journeys are the names of journeys that a population of entities goes through; none is all of
	// the provider's. A weight may follow: "pass=3".
	Journeys []string
	// Population is how many entities live at a time; 0 is enough for the connections.
	Population int
	// Options are those of rendering: tenant, earliest time, members overwritten.
	Options fixtures.RenderOptions
}

// Overload says what happens when the consumer, or this machine, cannot keep up with the Shape.
type Overload struct {
	// Policy is one of the policies below; "" is Delay.
	Policy Policy
	// MaxLag is how late an event may start before Drop or Abort applies; 0 is 1 s.
	MaxLag time.Duration
}

// Policy is what happens to an event that cannot start in time.
type Policy string

// The policies.
const (
	Delay Policy = "delay" // it starts late; the lag is measured
	Drop  Policy = "drop"  // it is not sent, and counted as dropped
	Abort Policy = "abort" // the burst ends
)

// ParseOverload reads POLICY or POLICY:DURATION, such as drop:500ms. The error wraps ErrPlan.
func ParseOverload(text string) (Overload, error) {
	policy, lag, timed := strings.Cut(text, ":")
	o := Overload{Policy: Policy(policy)}
	if !slices.Contains([]Policy{Delay, Drop, Abort}, o.Policy) {
		return o, fmt.Errorf("%w: overload %q: want delay, drop or abort, such as drop:500ms", ErrPlan, text)
	}
	if !timed {
		return o, nil
	}
	d, err := strictyaml.ParseDuration(lag)
	if err != nil || d <= 0 {
		return o, fmt.Errorf("%w: overload %q: want a duration above 0 after the colon, such as drop:500ms", ErrPlan, text)
	}
	o.MaxLag = d
	return o, nil
}

// DefaultConnections is the number of connections of a Plan that names none.
const DefaultConnections = 16

// MaxConnections bounds the Connections of a shard: each takes a socket and a goroutine.
const MaxConnections = 10_000

// recordedTimeout is the Timeout of a Recording, unless its Plan says otherwise.
const recordedTimeout = 30 * time.Second

// stream is the stream that the events of a burst are generated from.
const stream = "burst"

// check is complete, and checks what this machine can do.
func (p *Plan) check() error {
	if err := p.complete(); err != nil {
		return err
	}
	// standard streams, the journal, the connections of the program's own server
	const otherFiles = 64
	files := p.connections()*len(p.URLs) + otherFiles
	if limit := wire.OpenFiles(); limit > 0 && uint64(files) > limit {
		return fmt.Errorf("%w: %d connections need about %d open files, and this process may have %d: raise the limit (ulimit -n %d), or use fewer",
			ErrPlan, p.connections(), files, limit, files)
	}
	if p.Dial == nil {
		guard, err := wire.NewGuard(nil)
		if err != nil {
			return err
		}
		p.Dial = guard.Dial
	}
	return nil
}

// complete fills in the defaults, and returns ErrPlan for what cannot be.
func (p *Plan) complete() error {
	switch {
	case len(p.Parts) == 0 && p.Recording == nil:
		return fmt.Errorf("%w: no provider, and no recording", ErrPlan)
	case len(p.Parts) > 0 && p.Recording != nil:
		return fmt.Errorf("%w: providers and a recording: want one of the two", ErrPlan)
	case p.Shape.recorded > 0 && p.Recording == nil:
		return fmt.Errorf("%w: rate %s: there is no recording", ErrPlan, p.Shape)
	case len(p.URLs) == 0:
		return fmt.Errorf("%w: no URL", ErrPlan)
	case p.Recording != nil && len(p.URLs) > 1:
		return fmt.Errorf("%w: %d URLs: a recording has one", ErrPlan, len(p.URLs))
	case p.Count == 0 && p.Duration <= 0 && p.Shape.Duration() == 0 && p.Shape.recorded == 0:
		return fmt.Errorf("%w: neither a count nor a duration says when it ends", ErrPlan)
	case p.Count > math.MaxUint32:
		return fmt.Errorf("%w: count %d: at most %d", ErrPlan, p.Count, uint32(math.MaxUint32))
	case p.Connections < 0 || p.Connections > MaxConnections*max(1, p.Shard.Of):
		return fmt.Errorf("%w: %d connections: want 1 to %d", ErrPlan, p.Connections, MaxConnections*max(1, p.Shard.Of))
	case p.Overload.Policy != "" && p.Overload.Policy != Delay && p.Shape.Closed():
		return fmt.Errorf("%w: overload %s: without a rate nothing is late", ErrPlan, p.Overload.Policy)
	case p.Recording != nil && len(p.Faults) > 0:
		return fmt.Errorf("%w: faults: a recording is sent as it is", ErrPlan)
	}
	if p.Connections == 0 {
		p.Connections = DefaultConnections
	}
	if err := p.Shard.check(p); err != nil {
		return err
	}
	if p.Overload.MaxLag <= 0 {
		p.Overload.MaxLag = time.Second
	}
	if p.Count == 0 {
		p.Count = math.MaxUint32
		if p.Shape.recorded > 0 && p.Duration <= 0 {
			p.Count = uint64(p.Recording.Len())
		}
	}
	return nil
}

// connections returns how many connections the shard has.
func (p *Plan) connections() int { return int(p.Shard.share(uint64(p.Connections))) }

// timeoutOf returns the time limit of a request of a part; nil is a recording.
func (p *Plan) timeoutOf(provider *fixtures.Provider) time.Duration {
	switch {
	case p.Timeout > 0:
		return p.Timeout
	case provider == nil:
		return recordedTimeout
	}
	return provider.Delivery.Timeout
}

// events returns the names of the events that the patterns select, each with its weight. Each
// pattern must select something, so that a typing mistake is noticed.
func (p *Part) events() (names []string, weights []float64, err error) {
	for _, text := range p.Events {
		pattern, weight, err := cutWeight(text)
		if err != nil {
			return nil, nil, err
		}
		found := false
		for _, e := range p.Provider.Events {
			if _, ok := p.Provider.Subscription.Match([]string{pattern}, e.Name); ok || e.Name == pattern {
				found = true
				if !slices.Contains(names, e.Name) {
					names, weights = append(names, e.Name), append(weights, weight)
				}
			}
		}
		if !found {
			_, err := p.Provider.Event(pattern)
			return nil, nil, errors.Join(fmt.Errorf("%w: no event of %s matches %q", ErrPlan, p.Provider.Name, pattern), err)
		}
	}
	return names, weights, nil
}

// journeys returns the names of the journeys, each with its weight.
func (p *Part) journeys() (names []string, weights []float64, err error) {
	for _, text := range p.Journeys {
		name, weight, err := cutWeight(text)
		if err != nil {
			return nil, nil, err
		}
		names, weights = append(names, name), append(weights, weight)
	}
	if len(names) == 0 {
		for _, j := range p.Provider.Journeys {
			names, weights = append(names, j.Name), append(weights, 1)
		}
	}
	return names, weights, nil
}

// cutWeight reads NAME or NAME=WEIGHT.
func cutWeight(text string) (name string, weight float64, err error) {
	at := strings.LastIndexByte(text, '=')
	if at < 0 {
		return text, 1, nil
	}
	weight, err = strconv.ParseFloat(text[at+1:], 64)
	if err != nil || !(weight > 0) || math.IsInf(weight, 0) {
		return "", 0, fmt.Errorf("%w: %q: the weight %q: want a number above 0, as in %s=5", ErrPlan, text, text[at+1:], text[:at])
	}
	return text[:at], weight, nil
}
