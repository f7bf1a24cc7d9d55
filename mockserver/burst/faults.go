package burst

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/fault"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// FaultShare is a fault that is done to a share of the events.
type FaultShare struct {
	// Fault is written as everywhere: "signature:missing", "duplicate:3".
	Fault string `json:"fault"`
	// Share is above 0 and at most 1.
	Share float64 `json:"share"`
}

// ParseFaultShare reads FAULT=SHARE, the share in percent or as a number up to 1:
// "signature:missing=1%", "duplicate=0.05". The error wraps ErrPlan.
func ParseFaultShare(text string) (FaultShare, error) {
	at := strings.LastIndexByte(text, '=')
	if at < 0 {
		return FaultShare{}, fmt.Errorf("%w: fault %q has no share: want FAULT=SHARE, such as %s=1%%", ErrPlan, text, text)
	}
	number, percent := strings.CutSuffix(strings.TrimSpace(text[at+1:]), "%")
	share, err := strconv.ParseFloat(number, 64)
	if percent {
		share /= 100
	}
	if err != nil || !(share > 0) || share > 1 {
		return FaultShare{}, fmt.Errorf("%w: fault %q: the share %q: want more than 0 and at most 100%%, such as 1%%", ErrPlan, text, text[at+1:])
	}
	return FaultShare{strings.TrimSpace(text[:at]), share}, nil
}

// faultShares are the checked faults of a plan. An event has at most one of them.
type faultShares struct {
	list []faultShare
	seed uint64
}

type faultShare struct {
	FaultShare
	set    fault.Set
	forges bool // the consumer must refuse the request
	until  float64
}

// newFaultShares checks faults. Each must be possible for at least one event of the load.
func newFaultShares(p *Plan, l *load) (faultShares, error) {
	s, sum := faultShares{seed: p.Seed}, 0.0
	for _, f := range p.Faults {
		parsed, err := fault.Parse(f.Fault)
		if err != nil {
			return s, fmt.Errorf("%w: %w", ErrPlan, err)
		}
		set, err := fault.NewSet([]fault.Fault{parsed})
		if err != nil {
			return s, fmt.Errorf("%w: %w", ErrPlan, err)
		}
		copies, together := set.Copies()
		if together || set.Holds() || set.Releases() || set.Late(1) > 0 || len(parsed.Attempts) > 0 ||
			!set.Alters(1) && copies == 1 && !set.Drops(1) && !set.Reorders() {
			return s, fmt.Errorf("%w: fault %q: a burst cannot do it: want a fault of one request, or duplicate, drop, reorder", ErrPlan, f.Fault)
		}
		if set.Reorders() && !l.hasEntities() {
			return s, fmt.Errorf("%w: fault %q: only the events of journeys have an order: leave out the events", ErrPlan, f.Fault)
		}
		if sum += f.Share; sum > 1+1e-9 {
			return s, fmt.Errorf("%w: the shares of the faults are more than 100%% together", ErrPlan)
		}
		s.list = append(s.list, faultShare{FaultShare: f, set: set, forges: set.Forges(), until: sum})
	}
	return s, nil
}

func (l *load) hasEntities() bool {
	for i := range l.parts {
		if len(l.parts[i].slots) > 0 {
			return true
		}
	}
	return false
}

// of returns the number of the fault that is done to an event; -1 is none.
func (s *faultShares) of(i uint64) int {
	if len(s.list) == 0 {
		return -1
	}
	at := rand.New(rand.NewPCG(s.seed^0x9e3779b97f4a7c15, i)).Float64()
	for k := range s.list {
		if at < s.list[k].until {
			return k
		}
	}
	return -1
}

// spoil does a fault to the unsigned message of an event. It returns how the request is sent.
func (l *load) spoil(f *faultShare, t *part, url int, r *request) (wire.Manner, error) {
	if !f.set.Alters(1) {
		return wire.Manner{}, errUnaltered
	}
	bad := fault.Request{
		Provider: t.provider, Event: r.event, URL: l.plan.URLs[url], Context: r.context,
		Message: r.message.Clone(), Rand: rand.New(rand.NewPCG(l.plan.Seed, r.item.index)),
	}
	if t.plan.Secret != "" {
		bad.Secrets = []string{t.plan.Secret}
	}
	if err := f.set.Do(1, &bad); err != nil {
		return wire.Manner{}, err
	}
	r.message = bad.Message
	return bad.Manner, nil
}

// errUnaltered means that a fault does nothing to the request itself.
var errUnaltered = errors.New("the request stays as it is")

// eventOf renders the event of an index as a burst sends it, faults of the order included.
func (l *load) eventOf(it item, s *slot, r *eventRenderer) (*fixtures.Event, error) {
	d := l.draw(it.index)
	if s == nil {
		t := &l.parts[it.part]
		name, _ := t.rotation.at(it.n)
		return &r.event, r.renderers[name].Render(d, &r.event)
	}
	if k := l.faults.of(it.index); k >= 0 && l.faults.list[k].set.Reorders() {
		return s.overtake(d)
	}
	return s.next(d)
}
