package jq

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/itchyny/gojq"
)

// Limits limit one run. The zero value means the defaults.
type Limits struct {
	// Time is the time for a run, without waits in Reserve. 0 means one second.
	Time time.Duration
	// Memory is the sum of the sizes, in bytes, of all values that a run creates. 0 means 128 MiB.
	Memory int64
	// Reserve waits until that many bytes may be used, or until ctx ends, and returns a function
	// that releases them. A run that needs more than a megabyte calls it once. If it is nil, no run
	// waits.
	Reserve func(ctx context.Context, bytes int64) (release func(), err error)
}

const (
	defaultTime   = time.Second
	defaultMemory = 128 << 20
	unreserved    = 1 << 20 // bytes that a run uses before it calls Reserve
)

func (l Limits) withDefaults() Limits {
	if l.Time == 0 {
		l.Time = defaultTime
	}
	if l.Memory == 0 {
		l.Memory = defaultMemory
	}
	return l
}

// exceeded adds the limit to ErrSlow or ErrLarge.
func (l Limits) exceeded(err error) error {
	if errors.Is(err, ErrSlow) {
		return fmt.Errorf("%w: more than %s", err, l.Time)
	}
	return fmt.Errorf("%w: more than %d MB", err, l.Memory>>20)
}

// Program is a compiled jq program. Several goroutines may run it at the same time.
type Program struct {
	query  *gojq.Query // rewritten
	limits Limits
	idle   sync.Pool // of *machine
}

// machine is the state of one run: code whose functions take from its budget.
type machine struct {
	code   *gojq.Code
	budget *budget
}

// Parse parses a program. The error is a *gojq.ParseError.
func Parse(text string) (*gojq.Query, error) { return gojq.Parse(text) }

// Compile compiles a program and does not change query. Errors name an undefined function or
// variable.
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

// Run calls each with the results of the program until it returns false. It returns ctx's error,
// ErrSlow, ErrLarge, or an error of jq.
func (p *Program) Run(ctx context.Context, v any, each func(any) bool) (err error) {
	m, _ := p.idle.Get().(*machine)
	if m == nil {
		if m, err = p.machine(); err != nil {
			return err // cannot happen: it was compiled before
		}
	}
	limited := m.budget.begin(ctx, p.limits)
	defer func() {
		m.budget.end()
		// A bug of the interpreter must not crash the process.
		if failed := recover(); failed != nil {
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
