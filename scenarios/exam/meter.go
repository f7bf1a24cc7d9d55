package exam

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/scenarios"
)

// meter reads what the consumer did. Its changes are compared with what one good delivery changes.
type meter struct {
	consumer *Consumer
	client   *mockserver.Client
	within   time.Duration // how long an effect may take
	settle   time.Duration // how long it must stay as it is
	fixed    bool          // settle is the user's
	unit     float64       // what one good delivery changes
	greeting float64       // what one new subscription changes
	problem  string        // why it is of no use
	still    bool          // because a good delivery that was accepted did not change it
	first    float64       // the effect before anything was sent
	changed  time.Time     // when it was last seen to change; a change that the first reading has is not late
	settled  bool          // the effects of all deliveries so far are there
	work     time.Duration // the longest time that the response to a good delivery took
	working  bool          // the consumer may still work on a request whose response nobody awaited
}

// readInterval is the time between two readings.
const readInterval = 10 * time.Millisecond

// mostSeconds is how often a second good delivery is tried.
const mostSeconds = 3

// usable reports whether there is an effect that shows good deliveries.
func (m *meter) usable() bool { return m.consumer.Effect != nil && m.problem == "" }

// begin reads the effect before anything is sent.
func (m *meter) begin(ctx context.Context) error {
	if m.consumer.Effect == nil {
		return nil
	}
	var err error
	m.first, err = m.read(ctx)
	return m.note(ctx, err)
}

// calibrate measures how late effects come, after the good delivery that was just accepted, and
// then what a new subscription and a good delivery change. greet makes a subscription, and deliver
// a good delivery.
func (m *meter) calibrate(ctx context.Context, greets bool, greet func() error, deliver func() (bool, error)) error {
	if !m.usable() {
		return nil
	}
	accepted := time.Now()
	change, err := m.change(ctx, m.first, math.SmallestNonzeroFloat64)
	if err != nil {
		return m.note(ctx, err)
	}
	if m.still = change <= 0; m.still {
		m.problem = fmt.Sprintf("a good delivery was accepted, but the effect did not change: it was %v, and is %v. "+
			"Does it count these events?", m.first, m.first+change)
		return nil
	}
	if late := m.changed.Sub(accepted); !m.fixed {
		m.settle = min(max(m.settle, 3*late), time.Second)
	}
	now := m.first + change
	if greets {
		if err := greet(); err != nil {
			return err
		}
		if m.greeting, err = m.change(ctx, now, 0); err != nil {
			return m.note(ctx, err)
		}
		now += m.greeting
	}
	for tries := 1; ; tries++ {
		ok, err := deliver()
		if err != nil {
			return err
		}
		if ok {
			break
		}
		if tries == mostSeconds {
			m.problem = fmt.Sprintf("the first good delivery was accepted, but %d more were not: nothing shows what one of them changes", tries)
			return nil
		}
		// The consumer may have acted on what it refused.
		if change, err = m.change(ctx, now, 0); err != nil {
			return m.note(ctx, err)
		}
		now += change
	}
	if change, err = m.change(ctx, now, m.greeting+math.SmallestNonzeroFloat64); err != nil {
		return m.note(ctx, err)
	}
	if m.unit = change - m.greeting; m.unit <= 0 {
		m.problem = fmt.Sprintf("the effect changed by %v after a first good delivery, and by %v after a second: it does not count them", now-m.first, m.unit)
	}
	return nil
}

// note notes why the effect is of no use. It returns an error only when the context has ended.
func (m *meter) note(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		m.problem = "the effect cannot be read: " + err.Error()
	}
	return nil
}

// read reads the effect once, as a number.
func (m *meter) read(ctx context.Context) (float64, error) {
	v, err := m.consumer.Effect.Read(ctx, m.client, m.options(""))
	if err != nil {
		return 0, err
	}
	switch v := v.(type) {
	case []any:
		return float64(len(v)), nil
	case int:
		return float64(v), nil
	case float64:
		return v, nil
	case *big.Int:
		n, _ := new(big.Float).SetInt(v).Float64()
		return n, nil
	case json.Number:
		return v.Float64()
	}
	text, err := json.Marshal(v)
	if err != nil {
		return 0, err
	}
	return 0, fmt.Errorf("want a number or a list, got %s: select one with jq from {status, headers, body}, as in .body.count", short(string(text)))
}

// now reads the effect when those of all deliveries so far are there: the last ones may come late.
func (m *meter) now(ctx context.Context) (float64, error) {
	now, err := m.read(ctx)
	if err != nil || m.settled {
		return now, err
	}
	change, err := m.change(ctx, now, 0)
	return now + change, err
}

// options returns the options with which an effect, or the state of an entity, is read. The user
// named their hosts.
func (m *meter) options(entity string) scenarios.Options {
	c := m.consumer
	return scenarios.Options{
		Target: c.URL, Secret: c.Secret, Catalogue: c.Catalogue, AllowTargets: c.AllowTargets, AllowExec: true, SQL: c.SQL, Trust: c.Trust,
		Effects: map[string]func(context.Context) (any, error){
			effectFunc: func(ctx context.Context) (any, error) { return c.EffectFunc(ctx) },
			stateFunc:  func(ctx context.Context) (any, error) { return c.StateFunc(ctx, entity) },
		},
	}
}

// reach returns by how much the effect has changed since it was before. It waits until the change
// is at least least, up to the time limit.
func (m *meter) reach(ctx context.Context, before, least float64) (float64, error) {
	return m.changeWith(ctx, before, least, 0)
}

// change is reach that then waits until the effect stays as it is.
func (m *meter) change(ctx context.Context, before, least float64) (float64, error) {
	settle := m.settle
	if m.working && !m.fixed {
		settle = max(settle, min(3*m.work, m.within))
	}
	m.working = false
	return m.changeWith(ctx, before, least, settle)
}

func (m *meter) changeWith(ctx context.Context, before, least float64, settle time.Duration) (float64, error) {
	limit := time.Now().Add(m.within)
	last, since := math.NaN(), time.Now()
	m.changed = since
	for {
		now, err := m.read(ctx)
		if err != nil {
			return 0, err
		}
		if now != last {
			// How long the first reading takes, as on a busy machine, says nothing of the effect.
			if first := math.IsNaN(last); !first {
				m.changed = time.Now()
			}
			last, since = now, time.Now()
		}
		reached := now-before >= least || time.Now().After(limit)
		if reached && time.Since(since) >= settle || time.Now().After(limit.Add(m.within)) {
			return now - before, nil
		}
		if err := wait(ctx, readInterval); err != nil {
			return 0, err
		}
	}
}

// wait waits for a time, or until the context ends.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// placeholder is what Consumer.State has in the place of the entity's key.
const placeholder = "${entity}"

// states reads the states of entities, until all are equal or the time limit is reached. It returns
// them as JSON.
func (m *meter) states(ctx context.Context, entities []string) ([]string, error) {
	limit := time.Now().Add(m.within)
	for {
		list := make([]string, len(entities))
		var problems []error
		for i, key := range entities {
			effect := of(m.consumer.State, key)
			v, err := effect.Read(ctx, m.client, m.options(key))
			if err == nil {
				var text []byte
				text, err = json.Marshal(v)
				list[i] = string(text)
			}
			problems = append(problems, err)
		}
		err := errors.Join(problems...)
		equal := err == nil && len(slices.Compact(slices.Clone(list))) == 1 && list[0] != "null"
		if equal || time.Now().After(limit) {
			return list, err
		}
		if err := wait(ctx, readInterval); err != nil {
			return nil, err
		}
	}
}

// of returns the effect that reads the state of one entity.
func of(state *scenarios.Effect, key string) scenarios.Effect {
	e := *state
	set := func(text string, escape func(string) string) string {
		return strings.ReplaceAll(text, placeholder, escape(key))
	}
	plain := func(text string) string { return text }
	if e.HTTP != nil {
		q := *e.HTTP
		q.URL, q.Body = set(q.URL, url.PathEscape), set(q.Body, plain)
		e.HTTP = &q
	}
	if e.SQL != nil {
		q := *e.SQL
		if strings.Contains(q.Query, placeholder) {
			// The database gets the key as an argument, so that it cannot change the query.
			number := fmt.Sprintf("$%d", len(q.Args)+1)
			q.Query = strings.ReplaceAll(strings.ReplaceAll(q.Query, "'"+placeholder+"'", number), placeholder, number)
			text, _ := json.Marshal(key) // a string never fails
			q.Args = append(slices.Clone(q.Args), text)
		}
		e.SQL = &q
	}
	e.Exec = slices.Clone(e.Exec)
	for i := range e.Exec {
		e.Exec[i] = set(e.Exec[i], plain)
	}
	e.JQ = scenarios.Condition(set(string(e.JQ), jqEscape))
	return e
}

// jqEscape returns a text as it is written within a string of jq.
func jqEscape(text string) string {
	quoted, _ := json.Marshal(text) // a string never fails
	return string(quoted[1 : len(quoted)-1])
}
