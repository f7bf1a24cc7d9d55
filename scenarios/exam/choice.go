package exam

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hookrig/hookrig/fixtures"
)

// life is the journey that checks of the order play: different events of one entity.
type life struct {
	journey string
	events  []string // up to three
	dated   bool     // each body says when the event happened
}

// mostEvents is how many events of a journey checks play.
const mostEvents = 3

// chooseLife returns the first journey with the most different events, up to three, in an order in
// which they can happen. Journeys whose bodies say when their events happened come first.
func chooseLife(p *fixtures.Provider) *life {
	best := &life{}
	for i := range p.Journeys {
		j := &p.Journeys[i]
		for index := range uint64(20) {
			events, err := p.Journey(fixtures.Draw{Seed: 1, Stream: "exam/journey", Index: index}, j.Name, nil, fixtures.RenderOptions{})
			if err != nil {
				continue
			}
			other := &life{j.Name, different(events), false}
			if other.dated = dated(events, other.events); other.better(best) && possible(p, j.Name, other.events) {
				best = other
			}
		}
		if best.dated && len(best.events) == mostEvents {
			break
		}
	}
	return best
}

// better reports whether a life says more about the order of events than another.
func (l *life) better(other *life) bool {
	rank := func(l *life) int {
		if l.dated && len(l.events) > 1 {
			return mostEvents + len(l.events)
		}
		return len(l.events)
	}
	return rank(l) > rank(other)
}

// dated reports whether the bodies of the first events with these names contain the time at which
// they happened: as in RFC 3339, or in seconds or milliseconds since 1970.
func dated(events []fixtures.Event, names []string) bool {
	for _, name := range names {
		e := &events[slices.IndexFunc(events, func(e fixtures.Event) bool { return e.Name == name })]
		forms := []string{e.At.UTC().Format("2006-01-02T15:04:05"), fmt.Sprint(e.At.Unix()), fmt.Sprint(e.At.UnixMilli())}
		if !slices.ContainsFunc(forms, func(form string) bool { return strings.Contains(string(e.Body), form) }) {
			return false
		}
	}
	return true
}

// possible reports whether the events can follow each other, without others between them, whatever
// the entity is like.
func possible(p *fixtures.Provider, journey string, names []string) bool {
	for index := range uint64(5) {
		draw := fixtures.Draw{Seed: 2, Stream: "exam/journey", Index: index}
		if _, err := p.Journey(draw, journey, names, fixtures.RenderOptions{}); err != nil {
			return false
		}
	}
	return true
}

// different returns the names of the first events that differ in name.
func different(events []fixtures.Event) []string {
	var names []string
	for i := range events {
		if !slices.Contains(names, events[i].Name) && len(names) < mostEvents {
			names = append(names, events[i].Name)
		}
	}
	return names
}

// firstEvents returns the events that good deliveries may be of, the best first: those with which
// journeys begin, and then all others, documented ones first.
func firstEvents(p *fixtures.Provider) []string {
	var names []string
	add := func(name string) {
		if !slices.Contains(names, name) && (p.Handshake == nil || name != p.Handshake.Event) {
			names = append(names, name)
		}
	}
	for i := range p.Journeys {
		events, err := p.Journey(fixtures.Draw{Seed: 1, Stream: "exam/first"}, p.Journeys[i].Name, nil, fixtures.RenderOptions{})
		if err == nil && len(events) > 0 {
			add(events[0].Name)
		}
	}
	for _, documented := range []bool{true, false} {
		for i := range p.Events {
			if p.Events[i].Documented == documented {
				add(p.Events[i].Name)
			}
		}
	}
	return names
}

// params returns the values of scenarios.ExamParams.
func (e *Exam) params() map[string]string {
	p := e.provider
	third := func(i int) string {
		if len(e.life.events) == 0 {
			return e.event
		}
		return e.life.events[min(i, len(e.life.events)-1)]
	}
	other := e.event
	for _, name := range firstEvents(p) {
		if name != e.event {
			other = name
			break
		}
	}
	handshake := ""
	if p.Handshake != nil {
		handshake = p.Handshake.Event
	}
	return map[string]string{
		"provider": p.Name, "event": e.event, "other_event": other,
		"journey": e.life.journey, "first": third(0), "second": third(1), "third": third(2),
		"time_limit": cmp.Or(p.Delivery.Timeout, e.timeout).String(), "tolerance": p.Signing.Timestamp.Tolerance.String(),
		"old_secret": e.consumer.OldSecret, "handshake": handshake, "in_time": max(p.Signing.Timestamp.Tolerance-10*time.Second, time.Second).String(),
	}
}

// checkEvent returns an error when the provider does not send the event of the consumer.
func (c *Consumer) checkEvent(p *fixtures.Provider) error {
	if c.Event == "" {
		return nil
	}
	if _, err := p.Event(c.Event); err != nil {
		return fmt.Errorf("%w: %w", ErrConsumer, err)
	}
	return nil
}
