package jq

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/itchyny/gojq"
)

// Limits of one run. The zero value has the usual ones.
type Limits struct {
	// Time for a run; 0 is one second. Waiting in Reserve does not count.
	Time time.Duration
	// Memory that the values of a run may take, in bytes, all that were made counted; 0 is 128 MiB.
	Memory int64
	// Reserve waits until so many bytes may be used, or until ctx ends, and returns what gives them back. A run calls it once, when it takes
	// more than a megabyte; nil never waits.
	Reserve func(ctx context.Context, bytes int64) (release func(), err error)
}

const (
	usualTime   = time.Second
	usualMemory = 128 << 20
	unreserved  = 1 << 20 // bytes that a run takes without asking Reserve
)

func (l Limits) withDefaults() Limits {
	if l.Time == 0 {
		l.Time = usualTime
	}
	if l.Memory == 0 {
		l.Memory = usualMemory
	}
	return l
}

// told says which limit was reached.
func (l Limits) told(err error) error {
	if errors.Is(err, ErrSlow) {
		return fmt.Errorf("%w: more than %s", err, l.Time)
	}
	return fmt.Errorf("%w: more than %d MB", err, l.Memory>>20)
}

// Program is a compiled jq program. It may be run by several goroutines at a time.
type Program struct {
	query  *gojq.Query // rewritten
	limits Limits
	idle   sync.Pool // of *machine
}

// machine is what one run needs: code whose functions ask this budget.
type machine struct {
	code   *gojq.Code
	budget *budget
}

// Parse reads a program. The error is a *gojq.ParseError.
func Parse(text string) (*gojq.Query, error) { return gojq.Parse(text) }

// Compile compiles a program, which stays as it is. Errors say which function or variable is not defined.
func Compile(query *gojq.Query, limits Limits) (*Program, error) {
	rewritten, err := rewrite(query)
	if err != nil {
		return nil, err
	}
	p := &Program{query: rewritten, limits: limits.withDefaults()}
	m, err := p.machine()
	if err != nil {
		return nil, err
	}
	p.idle.Put(m)
	return p, nil
}

func (p *Program) machine() (*machine, error) {
	b := &budget{}
	code, err := gojq.Compile(p.query, b.functions()...)
	return &machine{code, b}, err
}

// Run gives the results of the program to each, until it returns false. Errors are ctx's, ErrSlow, ErrLarge, or what jq says.
func (p *Program) Run(ctx context.Context, v any, each func(any) bool) (err error) {
	m, _ := p.idle.Get().(*machine)
	if m == nil {
		if m, err = p.machine(); err != nil {
			return err // it was compiled before
		}
	}
	limited := m.budget.begin(ctx, p.limits)
	defer func() {
		m.budget.end()
		if failed := recover(); failed != nil { // a fault of the interpreter: the program is refused, the process lives
			err = fmt.Errorf("jq failed: %v", failed)
			return
		}
		p.idle.Put(m)
	}()
	results := m.code.RunWithContext(limited, v)
	for {
		result, more := results.Next()
		if spent := m.budget.spent(ctx); spent != nil {
			return spent
		}
		if !more {
			return nil
		}
		if err, failed := result.(error); failed {
			return err
		}
		if !each(result) {
			return nil
		}
	}
}
