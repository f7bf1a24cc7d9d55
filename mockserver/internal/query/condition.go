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
	longestCondition = 4 << 10 // bytes
	keptConditions   = 256     // compiled ones
)

// Condition is a jq program over content.Root. It holds when any of its results is neither false nor null.
type Condition struct {
	text  string
	query *gojq.Query
	code  *jq.Program
	body  bool          // it may look at the body
	parts func() []part // what must hold together, for near misses

	read *reads
}

// reads bound the memory that reading bodies and checking them takes.
type reads struct {
	room *memory.Room // of all that are read at a time
	each int64        // bytes of one's values

	running   chan struct{} // holds one for the condition that takes more than a little
	condition int64         // bytes of one's values
}

// newReads are those of a server that has so many bytes for requests that are not stored yet.
func newReads(inFlight int64) *reads {
	one := max(leastRun, min(2*inFlight, mostRun))
	return &reads{memory.NewRoom(min(inFlight, mostRead)), max(leastRead, min(2*inFlight, content.Ample)), make(chan struct{}, 1), one}
}

// How much memory the values of one condition may take, in bytes. One that takes much runs alone.
const (
	leastRun = 32 << 20
	mostRun  = 48 << 20
)

// mostRead is how much memory the values of bodies take that are read at a time, in bytes. One may go beyond it.
const mostRead = 64 << 20

// limits are those of one condition.
func (r *reads) limits() jq.Limits {
	return jq.Limits{Memory: r.condition, Reserve: func(ctx context.Context, _ int64) (func(), error) {
		select {
		case r.running <- struct{}{}:
			return func() { <-r.running }, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}}
}

// leastRead is how much memory the values of one body may take at least, in bytes.
const leastRead = 48 << 20

// begin takes what it costs to read a message decoded, which is given back after it was read. A message that costs little
// takes nothing.
func (r *reads) begin(m *signature.Message) *memory.Share {
	share := r.room.Share()
	if n := content.Cost(m); n >= cheap {
		share.Take(int(n))
	}
	return &share
}

// cheap is a cost that nobody counts, in bytes.
const cheap = 64 << 10

// root is what jq sees of a message.
func (r *reads) root(m *signature.Message) map[string]any {
	return content.Root(m, r.each)
}

// newCondition compiles a condition. It sees no environment, no file and no other input. Errors wrap journal.ErrInvalid.
func newCondition(text string, read *reads) (*Condition, error) {
	if len(text) > longestCondition {
		return nil, fmt.Errorf("%w condition of %d bytes: want at most %d", journal.ErrInvalid, len(text), longestCondition)
	}
	query, err := jq.Parse(text)
	if err != nil {
		return nil, badSyntax(text, err)
	}
	if err := checkMeaning(text, query); err != nil {
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

// badSyntax says where a condition cannot be read.
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
		hint = "strings stand in double quotes"
	}
	return fmt.Errorf("%w condition %s: line %d, column %d: %w: %s", journal.ErrInvalid, clip.Quote(text), line, column, err, hint)
}

// checkMeaning refuses what can be read and yet is a mistake: it would hold always, or never.
func checkMeaning(text string, query *gojq.Query) error {
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

// conjuncts takes a condition apart at its "and"s.
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

// bodiless says whether a condition surely does not look at the body: it is made of the other members, literals,
// operators and a few functions only.
func bodiless(text string) bool {
	if strings.Contains(text, `\`) {
		return false // strings with expressions in them
	}
	known := regexp.MustCompile(`"[^"]*"|\.(method|path|query|params|headers)\b|\[[0-9]*\]|\b(and|or|not|null|true|false|test|startswith|endswith|length)\b|[0-9]+|[\s()|=!<>,+*/-]`)
	return strings.Trim(known.ReplaceAllString(text, ""), "[]") == ""
}

// document is what the condition sees of a message. A body that it does not look at is not decoded.
func (c *Condition) document(m *signature.Message) map[string]any {
	if !c.body {
		return content.Root(m, 0)
	}
	return c.read.root(m)
}

// selects says whether the condition holds for a capture; nil holds for all. The error is ctx's, or wraps journal.ErrInvalid when
// the condition takes too long or too much.
func (c *Condition) selects(ctx context.Context, of *journal.Capture) (bool, error) {
	if c == nil {
		return true, nil
	}
	if c.body {
		defer c.read.begin(&of.Message).GiveBack()
	}
	held, err := c.Holds(ctx, c.document(&of.Message))
	switch {
	case err == nil:
		return held, nil
	case ctx.Err() != nil:
		return false, ctx.Err()
	case errors.Is(err, jq.ErrSlow), errors.Is(err, jq.ErrLarge):
		return false, fmt.Errorf("%w condition %s: it %w with capture %s", journal.ErrInvalid, clip.Quote(c.text), err, of.ID)
	}
	return false, nil
}

// String is the condition as it was written.
func (c *Condition) String() string { return c.text }

// Holds evaluates the condition over a document: see Searcher.Document. The error is what jq says.
func (c *Condition) Holds(ctx context.Context, doc map[string]any) (bool, error) {
	held := false
	err := c.code.Run(ctx, doc, func(v any) bool {
		held = v != nil && v != false
		return !held
	})
	return held, err
}

// compiled has the conditions that were compiled. The zero value is ready.
type compiled struct {
	mu     sync.Mutex
	byText map[string]*Condition
}

// Condition compiles a jq condition, or returns it from before; "" is nil, which holds for all. Errors wrap journal.ErrInvalid.
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
	for old := range k.byText { // any will do: compiling again is cheap
		if len(k.byText) < keptConditions {
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

// Document returns what conditions see of a message, and what to call when they have been evaluated: it bounds how much
// memory documents take together.
func (s *Searcher) Document(m *signature.Message) (doc map[string]any, done func()) {
	share := s.bounds.begin(m)
	return s.bounds.root(m), share.GiveBack
}
