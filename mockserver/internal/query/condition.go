package query

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/itchyny/gojq"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/internal/clip"
	"github.com/hookrig/hookrig/internal/content"
	"github.com/hookrig/hookrig/internal/jq"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/memory"
)

// Limits of conditions.
const (
	maxCondition        = 4 << 10 // bytes
	maxCachedConditions = 256     // compiled ones in the cache
)

// Condition is a jq program over content.Root. It holds when any of its results is neither false
// nor null.
type Condition struct {
	text  string
	query *gojq.Query
	code  *jq.Program
	body  bool          // it may read the body
	parts func() []part // conditions that must all hold, for near misses

	read *readLimits
}

// readLimits bounds the memory for reading bodies and checking conditions on them.
type readLimits struct {
	room *memory.Room // for all bodies read at a time
	each int64        // bytes of one body's values

	running   chan struct{} // holds one for the condition that needs much memory
	condition int64         // bytes of one condition's values
}

// newReadLimits returns the limits of a server with inFlight bytes for requests that are not stored
// yet.
func newReadLimits(inFlight int64) *readLimits {
	one := max(minRun, min(2*inFlight, maxRun))
	return &readLimits{memory.NewRoom(min(inFlight, maxRead)), max(minRead, min(2*inFlight, content.Ample)), make(chan struct{}, 1), one}
}

// The memory for the values of one condition, in bytes. A condition that needs much runs alone.
const (
	minRun = 32 << 20
	maxRun = 48 << 20
)

// maxRead bounds the memory for the values of all bodies read at a time, in bytes. One body may
// exceed it.
const maxRead = 64 << 20

// limits returns the limits of one condition.
func (r *readLimits) limits() jq.Limits {
	return jq.Limits{Memory: r.condition, Reserve: func(ctx context.Context, _ int64) (func(), error) {
		select {
		case r.running <- struct{}{}:
			return func() { <-r.running }, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}}
}

// minRead is the memory that the values of one body may always take, in bytes.
const minRead = 48 << 20

// begin reserves the memory for decoding a message; the caller gives it back afterwards. A message
// that needs little reserves nothing.
func (r *readLimits) begin(m *signature.Message) *memory.Share {
	share := r.room.Share()
	if n := content.Cost(m); n >= minReserved {
		share.Take(int(n))
	}
	return &share
}

// minReserved is the smallest decoded size, in bytes, for which begin reserves memory.
const minReserved = 64 << 10

// root returns a message as jq reads it.
func (r *readLimits) root(m *signature.Message) map[string]any {
	return content.Root(m, r.each)
}

// newCondition compiles a condition. The condition has no access to the environment, files or other
// input. Errors wrap journal.ErrInvalid.
func newCondition(text string, read *readLimits) (*Condition, error) {
	if len(text) > maxCondition {
		return nil, fmt.Errorf("%w condition of %d bytes: want at most %d", journal.ErrInvalid, len(text), maxCondition)
	}
	query, err := jq.Parse(text)
	if err != nil {
		return nil, badSyntax(text, err)
	}
	if err := checkMistakes(text, query); err != nil {
		return nil, err
	}
	code, err := jq.Compile(query, read.limits())
	if err != nil {
		return nil, fmt.Errorf("%w condition %s: %w", journal.ErrInvalid, clip.Quote(text), err)
	}
	c := &Condition{text: text, query: query, code: code, body: !bodiless(text), read: read}
	c.parts = sync.OnceValue(func() []part { return partsOf(c, read.limits()) })
	return c, nil
}

// badSyntax returns the error for a condition that cannot be parsed, with its position.
func badSyntax(text string, err error) error {
	var at *gojq.ParseError
	if !errors.As(err, &at) {
		return fmt.Errorf("%w condition %s: %w", journal.ErrInvalid, clip.Quote(text), err)
	}
	offset := min(max(at.Offset-len(at.Token), 0), len(text))
	before := text[:offset]
	line, column := 1+strings.Count(before, "\n"), 1+len([]rune(before[strings.LastIndexByte(before, '\n')+1:]))
	hint := "want a jq condition such as .method == \"POST\" and .body.id == 7"
	if strings.Contains(text, "&&") || strings.Contains(text, "||") {
		hint = "jq writes && as \"and\" and || as \"or\""
	} else if strings.Contains(text, "'") {
		hint = "put strings in double quotes"
	}
	return fmt.Errorf("%w condition %s: line %d, column %d: %w: %s", journal.ErrInvalid, clip.Quote(text), line, column, err, hint)
}

// checkMistakes refuses a condition that is valid but a mistake: it would always hold, or never.
func checkMistakes(text string, query *gojq.Query) error {
	upper := regexp.MustCompile(`\.headers(?:\.|\[")([a-z0-9_-]*[A-Z][A-Za-z0-9_-]*)`)
	if found := upper.FindStringSubmatch(text); found != nil {
		return fmt.Errorf("%w condition %s: header names are in lower case: .headers[%q]", journal.ErrInvalid, clip.Quote(text), strings.ToLower(found[1]))
	}
	for _, q := range conjuncts(query) {
		switch q.Op {
		case gojq.OpAssign, gojq.OpModify, gojq.OpUpdateAdd, gojq.OpUpdateSub, gojq.OpUpdateMul, gojq.OpUpdateDiv, gojq.OpUpdateMod, gojq.OpUpdateAlt:
			return fmt.Errorf("%w condition %s: %s changes a value and always holds: compare with ==", journal.ErrInvalid, clip.Quote(text), clip.Quote(q.String()))
		}
		if err := content.CheckPaths(q); err != nil {
			return fmt.Errorf("%w condition %s: %w", journal.ErrInvalid, clip.Quote(text), err)
		}
	}
	return nil
}

// conjuncts splits a condition at its "and"s.
func conjuncts(q *gojq.Query) []*gojq.Query {
	switch {
	case q == nil:
		return nil
	case len(q.FuncDefs) > 0:
		return []*gojq.Query{q}
	case q.Op == gojq.OpAnd:
		return append(conjuncts(q.Left), conjuncts(q.Right)...)
	case q.Term != nil && q.Term.Type == gojq.TermTypeQuery && len(q.Term.SuffixList) == 0:
		return conjuncts(q.Term.Query)
	}
	return []*gojq.Query{q}
}

// bodiless reports whether a condition certainly does not read the body: it has only other members,
// literals, operators and a few functions.
func bodiless(text string) bool {
	if strings.Contains(text, `\`) {
		return false // strings may hold expressions
	}
	known := regexp.MustCompile(`"[^"]*"|\.(method|path|query|params|headers)\b|\[[0-9]*\]|\b(and|or|not|null|true|false|test|startswith|endswith|length)\b|[0-9]+|[\s()|=!<>,+*/-]`)
	return strings.Trim(known.ReplaceAllString(text, ""), "[]") == ""
}

// document returns the message as the condition reads it. It does not decode a body that the
// condition does not read.
func (c *Condition) document(m *signature.Message) map[string]any {
	if !c.body {
		return content.Root(m, 0)
	}
	return c.read.root(m)
}

// selects reports whether the condition holds for a capture; a nil condition holds for all. The
// error comes from ctx, or wraps journal.ErrInvalid when the condition takes too much time or
// memory.
func (c *Condition) selects(ctx context.Context, of *journal.Capture) (bool, error) {
	if c == nil {
		return true, nil
	}
	if c.body {
		defer c.read.begin(&of.Message).GiveBack()
	}
	holds, err := c.Holds(ctx, c.document(&of.Message))
	switch {
	case err == nil:
		return holds, nil
	case ctx.Err() != nil:
		return false, ctx.Err()
	case errors.Is(err, jq.ErrSlow), errors.Is(err, jq.ErrLarge):
		return false, fmt.Errorf("%w condition %s: it %w with capture %s", journal.ErrInvalid, clip.Quote(c.text), err, of.ID)
	}
	return false, nil
}

// String returns the condition as it was written.
func (c *Condition) String() string { return c.text }

// Holds evaluates the condition over a document: see Searcher.Document. The error comes from jq.
func (c *Condition) Holds(ctx context.Context, doc map[string]any) (bool, error) {
	holds := false
	err := c.code.Run(ctx, doc, func(v any) bool {
		holds = v != nil && v != false
		return !holds
	})
	return holds, err
}

// compiled is a cache of compiled conditions. The zero value is ready.
type compiled struct {
	mu     sync.Mutex
	byText map[string]*Condition
}

// Condition compiles a jq condition, or returns it from the cache; "" returns nil, which holds for
// all. Errors wrap journal.ErrInvalid.
func (s *Searcher) Condition(text string) (*Condition, error) {
	if text == "" {
		return nil, nil
	}
	k := &s.compiled
	k.mu.Lock()
	defer k.mu.Unlock()
	if known := k.byText[text]; known != nil {
		return known, nil
	}
	c, err := newCondition(text, s.bounds)
	if err != nil {
		return nil, err
	}
	for old := range k.byText { // evict any: compiling again is cheap
		if len(k.byText) < maxCachedConditions {
			break
		}
		delete(k.byText, old)
	}
	if k.byText == nil {
		k.byText = map[string]*Condition{}
	}
	k.byText[text] = c
	return c, nil
}

// Document returns a message as conditions read it, and a function to call after they were
// evaluated, which frees its memory: all documents share one bound.
func (s *Searcher) Document(m *signature.Message) (doc map[string]any, done func()) {
	share := s.bounds.begin(m)
	return s.bounds.root(m), share.GiveBack
}
