package scenarios

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// This file checks effects. An effect that cannot be read is inconclusive, never failed: nothing is
// known of the consumer then.

const (
	sampleTimeout  = 10 * time.Second // of one sample
	sampleInterval = 25 * time.Millisecond
	maxOutput      = 1 << 20 // bytes of a response or of a command's output
)

// checkEffect checks the conditions of an effect, one after the other.
func (r *run) checkEffect(ctx context.Context, name string, o Observation, record *stepRecord, v *result) error {
	e, err := r.effect(name)
	if err != nil {
		return err
	}
	w := watched{run: r, name: name, effect: e, v: v}
	if o.eventually() == nil && o.Delta == nil && o.Never == nil { // such as delta: null
		v.inconclusive("effect %s: there is nothing to check: want a value of eventually, exactly, delta or never", name)
		return nil
	}
	if is := o.eventually(); is != nil {
		if err := w.eventually(ctx, is, o); err != nil {
			return err
		}
	}
	if o.Delta != nil {
		if err := w.delta(ctx, *o.Delta, record.effects[name], o); err != nil {
			return err
		}
	}
	if o.Never != nil {
		return w.never(ctx, o.Never, o.For.or(defaultFor))
	}
	return nil
}

// effect returns an effect with its references resolved.
func (r *run) effect(name string) (Effect, error) {
	e := r.scenario.Effects[name]
	if n := child(child(r.scenario.root, "effects"), name); n != nil {
		e = Effect{}
		if err := r.decode(r.scenario.file, n, &e); err != nil {
			return e, err
		}
	}
	if e.Func != "" && r.options.Effects[e.Func] == nil {
		return e, fmt.Errorf("effect %s needs the Go function %q, which is missing from Options.Effects", name, e.Func)
	}
	return e, nil
}

// watched is an effect whose conditions are being checked.
type watched struct {
	run    *run
	name   string
	effect Effect
	v      *result
}

// eventually checks that the condition is true within a time limit and, when the observation asks
// for it, that it stays true.
func (w *watched) eventually(ctx context.Context, is *Is, o Observation) error {
	within := o.Within.or(defaultWithin)
	s := samples{is: is}
	err := w.watch(ctx, &s, within, holds)
	switch {
	case err == nil:
		w.v.note("%s %s", w.name, is)
		return w.stable(ctx, is, o.stable())
	case !errors.Is(err, errOver):
		return err
	case s.nothingChecked(w.run.effectSeen[w.name]):
		w.v.inconclusive("effect %s could not be checked within %s: %s", w.name, Duration(within), s.why())
	default:
		w.v.fail("effect %s: want eventually %s within %s, got %s", w.name, is, Duration(within), s.last)
	}
	return nil
}

// stable checks that the condition, which was true just now, stays true.
func (w *watched) stable(ctx context.Context, is *Is, span time.Duration) error {
	if span <= 0 {
		return nil
	}
	s := samples{is: is}
	changed := func(holds bool) bool { return !holds && s.last.err == nil }
	err := w.watch(ctx, &s, span, changed)
	switch {
	case err == nil:
		w.v.fail("effect %s: want %s, and then no change for %s, got %s", w.name, is, Duration(span), s.last)
	case !errors.Is(err, errOver):
		return err
	case !s.checked:
		w.v.inconclusive("effect %s could not be checked for %s: %s", w.name, Duration(span), s.why())
	default:
		w.v.note("%s stayed so for %s", w.name, Duration(span))
	}
	return nil
}

// never checks that the condition is not true at any time.
func (w *watched) never(ctx context.Context, is *Is, span time.Duration) error {
	s := samples{is: is}
	err := w.watch(ctx, &s, span, holds)
	switch {
	case err == nil:
		w.v.fail("effect %s: want never %s for %s, got %s", w.name, is, Duration(span), s.last)
	case !errors.Is(err, errOver):
		return err
	case s.nothingChecked(w.run.effectSeen[w.name]):
		w.v.inconclusive("effect %s could not be checked for %s: %s", w.name, Duration(span), s.why())
	default:
		w.v.note("%s never %s for %s", w.name, is, Duration(span))
	}
	return nil
}

// delta checks that the value, a number, changes by exactly that much since the step began, and
// then stays.
func (w *watched) delta(ctx context.Context, by float64, before sample, o Observation) error {
	from, ok := before.number()
	if !ok {
		w.v.inconclusive("effect %s: delta needs a number from before the step, got %s", w.name, before)
		return nil
	}
	change, ok := new(big.Rat).SetString(fmt.Sprint(by))
	if !ok {
		return fmt.Errorf("effect %s: delta %v is no number", w.name, by)
	}
	is := equals(change.Add(from, change))
	if by == 0 {
		return w.stable(ctx, is, o.stable())
	}
	return w.eventually(ctx, is, o)
}

var errOver = errors.New("the time limit is reached")

// holds stops watch at the first sample for which the condition is true.
func holds(is bool) bool { return is }

// watch adds samples of the effect until stop returns true for one: its argument says whether the
// condition is true. It returns errOver after span, with one more sample at the end.
func (w *watched) watch(ctx context.Context, s *samples, span time.Duration, stop func(holds bool) bool) error {
	defer func() { w.run.effectSeen[w.name] = w.run.effectSeen[w.name] || s.hasValue }()
	end := time.NewTimer(span)
	defer end.Stop()
	tick := time.NewTicker(sampleInterval)
	defer tick.Stop()
	over := false
	for {
		next := w.run.sample(ctx, w.effect)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if stop(s.add(ctx, next)) {
			return nil
		}
		if over {
			return errOver
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-end.C:
			over = true
		case <-tick.C:
		}
	}
}

// sampleBefore reads the effects whose change the step's expectations check, before the step acts.
func (r *run) sampleBefore(ctx context.Context, s *Step, record *stepRecord) error {
	for i := range s.Expect {
		for _, name := range keys(s.Expect[i].Effects) {
			if s.Expect[i].Effects[name].Delta == nil {
				continue
			}
			e, err := r.effect(name)
			if err != nil {
				return err
			}
			if record.effects == nil {
				record.effects = map[string]sample{}
			}
			record.effects[name] = r.sample(ctx, e)
		}
	}
	return nil
}
