package jq

import (
	"context"
	"errors"
	"time"

	"github.com/itchyny/gojq"
)

// These are the reasons why a run was ended.
var (
	// ErrSlow means that the run used up its time.
	ErrSlow = errors.New("took too long")
	// ErrLarge means that the values of the run would use too much memory.
	ErrLarge = errors.New("needs too much memory")
)

// maxWork bounds how many bytes the functions of one run may process: about a second of work.
const maxWork = 1 << 28

// budget is what one run may still use. After an error the run ends even if the program catches
// errors with try.
type budget struct {
	limits   Limits
	ctx      context.Context
	cancel   context.CancelCauseFunc
	timer    *time.Timer
	memory   int64
	work     int64
	reserved bool // Reserve was called
	release  func()
	err      error

	patterns map[[2]string]*pattern
}

// begin starts a run. The returned context ends when the run's time is over.
func (b *budget) begin(ctx context.Context, limits Limits) context.Context {
	limited, cancel := context.WithCancelCause(ctx)
	*b = budget{limits: limits, ctx: limited, cancel: cancel, memory: limits.Memory, work: maxWork, patterns: b.patterns}
	b.timer = time.AfterFunc(limits.Time, func() { cancel(ErrSlow) })
	return limited
}

// end ends a run and releases what it reserved.
func (b *budget) end() {
	b.timer.Stop()
	b.cancel(nil)
	if b.release != nil {
		b.release()
	}
	b.release = nil
}

// spent returns why the run has ended, or nil.
func (b *budget) spent(ctx context.Context) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case b.err != nil:
		return b.err
	case b.ctx.Err() != nil:
		return b.limits.exceeded(ErrSlow)
	}
	return nil
}

// take takes memory and work, both in bytes, from the budget.
func (b *budget) take(memory, work int64) error {
	if b.err != nil {
		return b.err
	}
	if b.ctx.Err() != nil {
		return b.fail(ErrSlow)
	}
	if work > b.work {
		return b.fail(ErrSlow)
	}
	b.work -= work
	if memory > b.memory {
		return b.fail(ErrLarge)
	}
	b.memory -= memory
	if !b.reserved && b.limits.Memory-b.memory > unreserved {
		return b.reserve()
	}
	return nil
}

// fail ends the run.
func (b *budget) fail(err error) error {
	if b.err == nil {
		b.err = b.limits.exceeded(err)
	}
	b.cancel(err)
	return b.err
}

// reserve waits for the memory of the whole run. The clock of the run is stopped during the wait.
func (b *budget) reserve() (err error) {
	b.reserved = true
	if b.limits.Reserve == nil {
		return nil
	}
	running := b.timer.Stop()
	if b.release, err = b.limits.Reserve(b.ctx, b.limits.Memory); err != nil {
		b.err = err
		return err
	}
	if running {
		b.timer.Reset(b.limits.Time)
	}
	return nil
}

// functions returns the functions that rewritten programs call.
func (b *budget) functions() []gojq.CompilerOption {
	options := []gojq.CompilerOption{gojq.WithEnvironLoader(func() []string { return nil })}
	add := func(name string, arity int, f func(any, []any) any) {
		options = append(options, gojq.WithFunction(name, arity, arity, f))
	}
	// through returns its input after taking its cost.
	through := func(cost func(v any) (memory, work int64)) func(any, []any) any {
		return func(v any, _ []any) any {
			memory, work := cost(v)
			if err := b.take(memory, work); err != nil {
				return err
			}
			return v
		}
	}
	add(nameElement, 0, through(func(any) (int64, int64) { return elementBytes, 0 }))
	add(nameObject, 0, through(func(v any) (int64, int64) { return shallow(v), 0 }))
	add(nameDeeper, 0, through(func(any) (int64, int64) { return frameBytes, 0 }))
	add(nameKey, 0, through(keyCost))
	add(nameNumber, 0, through(numberCost))
	add(nameText, 0, through(func(v any) (int64, int64) {
		n := b.measure(v)
		return 5 * n, n
	}))
	for name, op := range operators() {
		add(prefix+name, 2, func(_ any, args []any) any {
			memory, work := op(b, args[0], args[1])
			if err := b.take(memory, work); err != nil {
				return err
			}
			return []any{args[0], args[1]}
		})
	}
	for name, f := range natives() {
		if f.cost == nil {
			continue
		}
		add(prefix+name.name, name.arity, func(v any, args []any) any {
			memory, work := f.cost(b, v, args)
			if err := b.take(memory, work); err != nil {
				return err
			}
			if len(args) == 0 {
				return v
			}
			return append([]any{v}, args...)
		})
	}
	add(namePaid, 1, func(v any, args []any) any {
		n := b.pathsCost(v, args[0])
		if err := b.take(n, n); err != nil {
			return err
		}
		return v
	})
	add(nameMatch, 3, b.match)
	add(nameSplice, 2, b.splice)
	return options
}
