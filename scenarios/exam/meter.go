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

	"github.com/hookrig/hookrig/fixtures"
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
}

// readInterval is the time between two readings.
const readInterval = 10 * time.Millisecond

// usable reports whether there is an effect that shows good deliveries.
func (m *meter) usable() bool { return m.consumer.Effect != nil && m.problem == "" }

// calibrate measures what a new subscription and a good delivery change. deliver makes a good
// delivery and returns whether it was accepted.
func (m *meter) calibrate(ctx context.Context, p *fixtures.Provider, greet func() error, deliver func() (bool, error)) error {
	if m.consumer.Effect == nil {
		return nil
	}
	before, err := m.read(ctx)
	if err != nil {
		m.problem = "the effect cannot be read: " + err.Error()
		return ctx.Err()
	}
	if p.Handshake != nil && p.Handshake.Event != "" {
		if err := greet(); err != nil {
			return err
		}
		if m.greeting, err = m.change(ctx, before, 0); err != nil {
			m.problem = "the effect cannot be read: " + err.Error()
			return ctx.Err()
		}
		before += m.greeting
	}
	ok, err := deliver()
	if err != nil || !ok {
		return err
	}
	answered := time.Now()
	change, err := m.change(ctx, before, m.greeting+math.SmallestNonzeroFloat64)
	if err != nil {
		m.problem = "the effect cannot be read: " + err.Error()
		return ctx.Err()
	}
	if late := time.Since(answered) - m.settle; !m.fixed && change > m.greeting {
		m.settle = min(max(m.settle, 3*late), time.Second)
	}
	if m.unit = change - m.greeting; m.unit <= 0 {
		m.problem = fmt.Sprintf("a good delivery was accepted, but the effect did not change: it was %v, and is %v. "+
			"Does it count these events? Did the consumer get them before, from a run with the same seed?", before, before+change)
	}
	return nil
}

// read reads the effect once, as a number.
func (m *meter) read(ctx context.Context) (float64, error) {
	v, err := m.consumer.Effect.Read(ctx, m.client, m.options())
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

// options returns the options with which effects are read. The user named their hosts.
func (m *meter) options() scenarios.Options {
	c := m.consumer
	return scenarios.Options{Target: c.URL, Secret: c.Secret, Catalogue: c.Catalogue, AllowTargets: c.AllowTargets, AllowExec: true, SQL: c.SQL, Trust: c.Trust}
}

// change returns by how much the effect has changed since it was before. It waits until the change
// is at least least, up to the time limit, and then until it stays as it is.
func (m *meter) change(ctx context.Context, before, least float64) (float64, error) {
	limit := time.Now().Add(m.within)
	last, since := math.NaN(), time.Now()
	for {
		now, err := m.read(ctx)
		if err != nil {
			return 0, err
		}
		if now != last {
			last, since = now, time.Now()
		}
		reached := now-before >= least || time.Now().After(limit)
		if reached && time.Since(since) >= m.settle || time.Now().After(limit.Add(m.within)) {
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
			v, err := effect.Read(ctx, m.client, m.options())
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
