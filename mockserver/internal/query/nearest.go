package query

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/itchyny/gojq"

	"github.com/hookrig/hookrig/internal/jq"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// NearMiss is a capture that did not match and why, field by field.
type NearMiss struct {
	Capture     journal.Capture `json:"capture"`
	Differences []string        `json:"differences"`
}

// maxNearest is how many near misses are returned; they come from the newest journal.MaxLimit
// captures.
const maxNearest = 3

// nearest returns the captures that fail the fewest parts of the query and the condition, the
// newest first among equals.
func (w *waiter) nearest(ctx context.Context) ([]NearMiss, error) {
	page := journal.CaptureQuery{Bin: w.bin, After: w.wait.After, Before: w.cursor + 1}
	var misses []NearMiss
	var failed error
	checked := 0
	err := w.store.Search(ctx, page, nil, func(c *journal.Capture) bool {
		var selected bool
		if selected, failed = w.selected.selects(ctx, c); failed != nil {
			return false
		}
		if !selected {
			misses = append(misses, NearMiss{*c, w.selected.differences(ctx, c)})
			slices.SortStableFunc(misses, func(a, b NearMiss) int { return len(a.Differences) - len(b.Differences) })
			misses = misses[:min(maxNearest, len(misses))] // drops the others
			for size, i := int64(0), 0; i < len(misses); i++ {
				if size += int64(misses[i].Capture.Size()); i > 0 && size > w.maxBytes {
					clear(misses[i:])
					misses = misses[:i]
				}
			}
		}
		checked++
		return checked < journal.MaxLimit
	})
	if err = cmp.Or(failed, err); err != nil {
		return nil, err
	}
	for i := range misses {
		misses[i].Capture = misses[i].Capture.Clone()
	}
	return misses, ctx.Err()
}

// differences returns, part by part, why a condition does not hold for a capture.
func (c *Condition) differences(ctx context.Context, of *journal.Capture) []string {
	defer c.read.begin(&of.Message).GiveBack()
	doc := c.read.root(&of.Message)
	var all []string
	for _, p := range c.parts() {
		if difference := p.difference(ctx, doc); difference != "" {
			all = append(all, difference)
		}
	}
	if len(all) == 0 { // each part holds, but not for the same result
		all = []string{c.query.String() + ": condition gave false"}
	}
	return all
}

// part is one of several conditions that must all hold. A comparison is split into its sides.
type part struct {
	whole *Condition
	got   *jq.Program // nil: not a comparison
	want  *jq.Program
	field string // got, as text
	value string // want, as text; "" when it is a constant
	verb  string // before the wanted value: "", "not ", "> "
}

// partsOf splits a condition into its parts.
func partsOf(whole *Condition, limits jq.Limits) []part {
	var parts []part
	for _, q := range conjuncts(whole.query) {
		code, err := jq.Compile(q, limits)
		if err != nil { // it uses a definition outside of it, so the whole condition is one part
			return []part{{whole: whole}}
		}
		p := part{whole: &Condition{text: q.String(), query: q, code: code}}
		p.split(q, limits)
		parts = append(parts, p)
	}
	return parts
}

// split splits a comparison into its sides.
func (p *part) split(q *gojq.Query, limits jq.Limits) {
	left, right, op := q.Left, q.Right, q.Op
	if op < gojq.OpEq || op > gojq.OpLe || len(q.FuncDefs) > 0 {
		return
	}
	if isConstant(left) && !isConstant(right) {
		left, right, op = right, left, mirrored(op)
	}
	got, err := jq.Compile(left, limits)
	if err != nil {
		return
	}
	want, err := jq.Compile(right, limits)
	if err != nil {
		return
	}
	p.got, p.want, p.field = got, want, left.String()
	if !isConstant(right) {
		p.value = right.String()
	}
	switch op {
	case gojq.OpEq:
	case gojq.OpNe:
		p.verb = "not "
	default:
		p.verb = op.String() + " "
	}
}

// mirrored returns the operator for swapped sides.
func mirrored(op gojq.Operator) gojq.Operator {
	other, ordered := map[gojq.Operator]gojq.Operator{gojq.OpLt: gojq.OpGt, gojq.OpGt: gojq.OpLt, gojq.OpLe: gojq.OpGe, gojq.OpGe: gojq.OpLe}[op]
	if !ordered {
		return op
	}
	return other
}

// isConstant reports whether q is a literal.
func isConstant(q *gojq.Query) bool {
	if q.Term == nil || len(q.Term.SuffixList) > 0 {
		return false
	}
	switch q.Term.Type {
	case gojq.TermTypeNull, gojq.TermTypeTrue, gojq.TermTypeFalse, gojq.TermTypeNumber, gojq.TermTypeUnary:
		return true
	case gojq.TermTypeString:
		return len(q.Term.Str.Queries) == 0
	}
	return false
}

// difference returns why the part does not hold, or "" when it does.
func (p *part) difference(ctx context.Context, doc map[string]any) string {
	holds, err := p.whole.Holds(ctx, doc)
	switch {
	case holds:
		return ""
	case err != nil && p.got == nil:
		return fmt.Sprintf("%s: failed: %s", p.whole.text, err)
	case p.got == nil:
		return p.whole.text + ": condition gave false"
	}
	want := p.verb + values(ctx, p.want, doc)
	if p.value != "" {
		want += " (" + p.value + ")"
	}
	return fmt.Sprintf("%s: want %s, got %s", p.field, want, values(ctx, p.got, doc))
}

// values formats the results of one side of a comparison.
func values(ctx context.Context, program *jq.Program, doc map[string]any) string {
	const limit = 4
	var all []string
	err := program.Run(ctx, doc, func(v any) bool {
		if len(all) == limit {
			all = append(all, "…")
			return false
		}
		all = append(all, literal(v))
		return true
	})
	if err != nil {
		all = append(all, "an error: "+err.Error())
	}
	if len(all) == 0 {
		return "nothing"
	}
	return strings.Join(all, ", ")
}

// literal formats a value as JSON, cut when it is long.
func literal(v any) string {
	const longest = 200
	if n, ok := v.(json.Number); ok {
		return n.String() // as it was sent
	}
	return jq.Text(v, longest)
}
