package jq

import (
	"fmt"
	"strings"

	"github.com/itchyny/gojq"
)

// These are the functions that rewritten programs call. A program may not use names with the
// prefix.
const (
	prefix      = "_bounded_"
	nameElement = prefix + "element" // an array gets another element
	nameObject  = prefix + "object"
	nameDeeper  = prefix + "deeper" // a function calls itself
	nameKey     = prefix + "key"
	nameNumber  = prefix + "number"
	nameText    = prefix + "text" // a value is inserted into a text
	namePaid    = prefix + "paid" // a value will be changed at paths
	nameMatch   = prefix + "match"
	nameSplice  = prefix + "splice"
)

// rewrite returns a program with the same results that takes its costs from a budget.
func rewrite(q *gojq.Query) (*gojq.Query, error) {
	w := &rewriter{prelude: definitions(), needs: map[int]bool{}}
	out := w.query(q)
	if w.err != nil {
		return nil, w.err
	}
	whole := *out
	whole.FuncDefs = append(w.prelude.needed(w.needs), out.FuncDefs...)
	return &whole, nil
}

// rewriter walks a program and copies what it changes.
type rewriter struct {
	prelude  *defined
	internal bool // for the prelude, which may call internal functions
	scope    []function
	needs    map[int]bool // functions of the prelude that are called
	err      error
}

// function is defined by the program, or is an argument of such a function.
type function struct {
	signature
	open bool // the walk is inside it: a call is a recursion
}

func (w *rewriter) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf(format, args...)
	}
}

func (w *rewriter) query(q *gojq.Query) *gojq.Query {
	if q == nil {
		return nil
	}
	outside := len(w.scope)
	defer func() { w.scope = w.scope[:outside] }()
	out := *q
	out.FuncDefs = nil
	for _, f := range q.FuncDefs {
		out.FuncDefs = append(out.FuncDefs, w.function(f))
	}
	if q.Term != nil {
		out.Term = w.term(q.Term)
		return &out
	}
	if q.Right == nil {
		return &out
	}
	out.Left, out.Patterns, out.Right = w.query(q.Left), w.patterns(q.Patterns), w.query(q.Right)
	var of *gojq.Query
	switch q.Op {
	case gojq.OpAdd, gojq.OpSub, gojq.OpMul, gojq.OpDiv, gojq.OpMod:
		of = w.arithmetic(q, out.Left, out.Right)
	case gojq.OpEq, gojq.OpNe, gojq.OpGt, gojq.OpLt, gojq.OpGe, gojq.OpLe:
		of = w.comparison(q, out.Left, out.Right)
	case gojq.OpAssign:
		of = w.call("_set", out.Left, out.Right)
	case gojq.OpModify:
		of = w.call("_change", out.Left, out.Right)
	case gojq.OpUpdateAdd, gojq.OpUpdateSub, gojq.OpUpdateMul, gojq.OpUpdateDiv, gojq.OpUpdateMod, gojq.OpUpdateAlt:
		names := map[gojq.Operator]string{
			gojq.OpUpdateAdd: "add", gojq.OpUpdateSub: "subtract", gojq.OpUpdateMul: "multiply",
			gojq.OpUpdateDiv: "divide", gojq.OpUpdateMod: "modulo", gojq.OpUpdateAlt: "alternative",
		}
		of = w.call("_change_"+names[q.Op], out.Left, out.Right)
	default:
		return &out
	}
	of.FuncDefs = out.FuncDefs
	return of
}

// function rewrites a definition and adds it to the scope.
func (w *rewriter) function(f *gojq.FuncDef) *gojq.FuncDef {
	w.allow(f.Name)
	w.scope = append(w.scope, function{signature{f.Name, len(f.Args)}, true})
	mine := len(w.scope) - 1
	for _, arg := range f.Args {
		w.allow(strings.TrimPrefix(arg, "$"))
		if !strings.HasPrefix(arg, "$") {
			w.scope = append(w.scope, function{signature{arg, 0}, false})
		} else {
			w.scope = append(w.scope, function{signature{arg[1:], 0}, false})
		}
	}
	out := &gojq.FuncDef{Name: f.Name, Args: f.Args, Body: w.query(f.Body)}
	w.scope = w.scope[:mine+1]
	w.scope[mine].open = false
	return out
}

// allow refuses a name that only rewritten programs may use.
func (w *rewriter) allow(name string) {
	if !w.internal && strings.HasPrefix(name, "_") {
		w.fail("function not defined: %s: names that begin with _ are not for programs", name)
	}
}

// arithmetic takes the cost of both operands before the operation.
func (w *rewriter) arithmetic(q, left, right *gojq.Query) *gojq.Query {
	names := map[gojq.Operator]string{gojq.OpAdd: "add", gojq.OpSub: "subtract", gojq.OpMul: "multiply", gojq.OpDiv: "divide", gojq.OpMod: "modulo"}
	name := names[q.Op]
	return pipe(call(prefix+name, left, right), call("_"+name, item(0), item(1)))
}

// comparison takes the cost of both operands, unless one of them is a literal.
func (w *rewriter) comparison(q, left, right *gojq.Query) *gojq.Query {
	switch plain := func(q *gojq.Query) bool { return literal(q) && !isComposite(q) }; {
	case plain(q.Left) && plain(q.Right):
		return &gojq.Query{Left: left, Op: q.Op, Right: right}
	case plain(q.Left):
		return &gojq.Query{Left: left, Op: q.Op, Right: number(q.Left, right)}
	case plain(q.Right):
		return &gojq.Query{Left: number(q.Right, left), Op: q.Op, Right: right}
	}
	pair := pipe(call(prefix+"compare", left, right), &gojq.Query{Left: item(0), Op: q.Op, Right: item(1)})
	return &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeQuery, Query: pair}}
}

// number checks the other operand of a literal number: calculating with a million digits is slow.
func number(literal, other *gojq.Query) *gojq.Query {
	if literal.Term.Type == gojq.TermTypeString || literal.Term.Type == gojq.TermTypeNull || literal.Term.Type == gojq.TermTypeTrue || literal.Term.Type == gojq.TermTypeFalse {
		return other
	}
	return pipe(other, call(nameNumber))
}

// literal reports whether a query consists of literals only.
func literal(q *gojq.Query) bool {
	switch {
	case q == nil || len(q.FuncDefs) > 0 || len(q.Patterns) > 0:
		return false
	case q.Op == gojq.OpComma && q.Term == nil:
		return literal(q.Left) && literal(q.Right)
	case q.Term == nil || len(q.Term.SuffixList) > 0:
		return false
	}
	switch t := q.Term; t.Type {
	case gojq.TermTypeNull, gojq.TermTypeTrue, gojq.TermTypeFalse, gojq.TermTypeNumber:
		return true
	case gojq.TermTypeString:
		return len(t.Str.Queries) == 0
	case gojq.TermTypeUnary:
		return t.Unary.Term.Type == gojq.TermTypeNumber && len(t.Unary.Term.SuffixList) == 0
	case gojq.TermTypeArray:
		return t.Array.Query == nil || literal(t.Array.Query)
	case gojq.TermTypeObject:
		for _, member := range t.Object.KeyVals {
			if member.KeyQuery != nil || member.KeyString != nil && len(member.KeyString.Queries) > 0 || member.Val == nil || !literal(member.Val) {
				return false
			}
		}
		return true
	}
	return false
}

// isComposite reports whether a literal is an array, an object or several values.
func isComposite(q *gojq.Query) bool {
	return q.Term == nil || q.Term.Type == gojq.TermTypeArray || q.Term.Type == gojq.TermTypeObject
}

func (w *rewriter) term(t *gojq.Term) *gojq.Term {
	out := *t
	out.SuffixList = nil
	for _, s := range t.SuffixList {
		out.SuffixList = append(out.SuffixList, &gojq.Suffix{Index: w.index(s.Index), Iter: s.Iter, Optional: s.Optional})
	}
	instead := func(q *gojq.Query) *gojq.Term {
		return &gojq.Term{Type: gojq.TermTypeQuery, Query: q, SuffixList: out.SuffixList}
	}
	alone := func() *gojq.Query { // without the suffixes
		inner := out
		inner.SuffixList = nil
		return &gojq.Query{Term: &inner}
	}
	switch t.Type {
	case gojq.TermTypeIndex:
		out.Index = w.index(t.Index)
	case gojq.TermTypeFunc:
		f := w.called(t.Func)
		if f.Term != nil && len(f.FuncDefs) == 0 && len(f.Term.SuffixList) == 0 {
			out = *f.Term
			out.SuffixList = nil
			for _, s := range t.SuffixList {
				out.SuffixList = append(out.SuffixList, &gojq.Suffix{Index: w.index(s.Index), Iter: s.Iter, Optional: s.Optional})
			}
			return &out
		}
		return instead(f)
	case gojq.TermTypeObject:
		if literal(&gojq.Query{Term: &gojq.Term{Type: t.Type, Object: t.Object}}) {
			break
		}
		out.Object = w.object(t.Object)
		return instead(pipe(alone(), call(nameObject)))
	case gojq.TermTypeArray:
		if literal(&gojq.Query{Term: &gojq.Term{Type: t.Type, Array: t.Array}}) {
			break
		}
		out.Array = &gojq.Array{Query: pipe(w.query(t.Array.Query), call(nameElement))}
	case gojq.TermTypeUnary:
		out.Unary = &gojq.Unary{Op: t.Unary.Op, Term: w.term(t.Unary.Term)}
		if t.Unary.Term.Type != gojq.TermTypeNumber {
			out.Unary.Term = &gojq.Term{Type: gojq.TermTypeQuery, Query: pipe(&gojq.Query{Term: out.Unary.Term}, call(nameNumber))}
		}
	case gojq.TermTypeFormat:
		if t.Str == nil {
			return instead(pipe(call(nameText), alone()))
		}
		out.Str = w.text(t.Str)
	case gojq.TermTypeString:
		out.Str = w.text(t.Str)
	case gojq.TermTypeIf:
		out.If = &gojq.If{Cond: w.query(t.If.Cond), Then: w.query(t.If.Then), Else: w.query(t.If.Else)}
		for _, e := range t.If.Elif {
			out.If.Elif = append(out.If.Elif, &gojq.IfElif{Cond: w.query(e.Cond), Then: w.query(e.Then)})
		}
	case gojq.TermTypeTry:
		out.Try = &gojq.Try{Body: w.query(t.Try.Body), Catch: w.query(t.Try.Catch)}
	case gojq.TermTypeReduce:
		r := t.Reduce
		out.Reduce = &gojq.Reduce{Query: w.query(r.Query), Patterns: w.patterns(r.Patterns), Start: w.query(r.Start), Update: w.query(r.Update)}
	case gojq.TermTypeForeach:
		f := t.Foreach
		out.Foreach = &gojq.Foreach{
			Query: w.query(f.Query), Patterns: w.patterns(f.Patterns), Start: w.query(f.Start), Update: w.query(f.Update), Extract: w.query(f.Extract),
		}
	case gojq.TermTypeLabel:
		out.Label = &gojq.Label{Ident: t.Label.Ident, Body: w.query(t.Label.Body)}
	case gojq.TermTypeQuery:
		out.Query = w.query(t.Query)
	}
	return &out
}

// called rewrites a call.
func (w *rewriter) called(f *gojq.Func) *gojq.Query {
	args := make([]*gojq.Query, len(f.Args))
	for i, arg := range f.Args {
		args[i] = w.query(arg)
	}
	if strings.HasPrefix(f.Name, "$") {
		if f.Name != "$__loc__" {
			w.allow(f.Name[1:])
		}
		return call(f.Name)
	}
	w.allow(f.Name)
	return w.call(f.Name, args...)
}

// call returns a call whose arguments are already rewritten.
func (w *rewriter) call(name string, args ...*gojq.Query) *gojq.Query {
	s := signature{name, len(args)}
	for i := len(w.scope) - 1; i >= 0; i-- {
		if w.scope[i].signature != s {
			continue
		}
		if w.scope[i].open {
			return pipe(call(nameDeeper), call(name, args...))
		}
		return call(name, args...)
	}
	if i, ok := w.prelude.place[s]; ok {
		w.needs[i] = true
		return call(name, args...)
	}
	if f, ok := natives()[s]; ok {
		switch {
		case f.cost == nil:
			return call(name, args...)
		case len(args) == 0:
			return pipe(call(prefix+name), call(name))
		}
		items := make([]*gojq.Query, len(args))
		for i := range args {
			items[i] = variable(i + 1)
		}
		return pipe(call(prefix+name, args...), bound(len(args), pipe(item(0), call(name, items...))))
	}
	switch s {
	case signature{"empty", 0}, signature{"error", 0}, signature{"error", 1}, signature{"path", 1}, signature{"env", 0}, signature{"_last", 1}, signature{"_assign", 2}, signature{"_modify", 2}:
		return call(name, args...)
	case signature{"_match", 3}:
		return call(nameMatch, args...)
	case signature{"_paid", 1}:
		return call(namePaid, args...)
	case signature{"_splice", 2}:
		return call(nameSplice, args...)
	}
	w.fail("function not defined: %s/%d", name, len(args))
	return call(name, args...)
}

// bound gives names to the arguments: .[1] as $_bounded_1 | …
func bound(n int, then *gojq.Query) *gojq.Query {
	for i := n; i > 0; i-- {
		then = &gojq.Query{
			Left: item(i), Patterns: []*gojq.Pattern{{Name: fmt.Sprintf("$%s%d", prefix, i)}},
			Op: gojq.OpPipe, Right: then,
		}
	}
	return then
}

func variable(i int) *gojq.Query { return call(fmt.Sprintf("$%s%d", prefix, i)) }

func (w *rewriter) index(i *gojq.Index) *gojq.Index {
	if i == nil {
		return nil
	}
	out := &gojq.Index{Name: i.Name, Start: w.query(i.Start), End: w.query(i.End), IsSlice: i.IsSlice}
	if i.Str != nil {
		out.Str = w.text(i.Str)
	}
	for _, key := range []struct{ from, to **gojq.Query }{{&i.Start, &out.Start}, {&i.End, &out.End}} {
		if *key.from != nil && !(literal(*key.from) && !isComposite(*key.from)) {
			*key.to = pipe(*key.to, call(nameKey))
		}
	}
	return out
}

// text rewrites a string. It takes the cost of the values in it.
func (w *rewriter) text(s *gojq.String) *gojq.String {
	if len(s.Queries) == 0 {
		return s
	}
	out := &gojq.String{Str: s.Str}
	for _, q := range s.Queries {
		if q.Term != nil && q.Term.Str != nil && q.Term.Type == gojq.TermTypeString && len(q.Term.Str.Queries) == 0 {
			out.Queries = append(out.Queries, q)
			continue
		}
		out.Queries = append(out.Queries, &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeQuery, Query: pipe(w.query(q), call(nameText))}})
	}
	return out
}

func (w *rewriter) object(o *gojq.Object) *gojq.Object {
	out := &gojq.Object{}
	for _, member := range o.KeyVals {
		copied := &gojq.ObjectKeyVal{Key: member.Key, KeyQuery: w.query(member.KeyQuery), Val: w.query(member.Val)}
		if member.KeyString != nil {
			copied.KeyString = w.text(member.KeyString)
		}
		if strings.HasPrefix(member.Key, "$") && member.Key != "$__loc__" {
			w.allow(member.Key[1:])
		}
		out.KeyVals = append(out.KeyVals, copied)
	}
	return out
}

func (w *rewriter) patterns(list []*gojq.Pattern) []*gojq.Pattern {
	var out []*gojq.Pattern
	for _, p := range list {
		out = append(out, w.pattern(p))
	}
	return out
}

func (w *rewriter) pattern(p *gojq.Pattern) *gojq.Pattern {
	if p == nil {
		return nil
	}
	w.allow(strings.TrimPrefix(p.Name, "$"))
	out := &gojq.Pattern{Name: p.Name, Array: w.patterns(p.Array)}
	for _, member := range p.Object {
		copied := &gojq.PatternObject{Key: member.Key, KeyQuery: w.query(member.KeyQuery), Val: w.pattern(member.Val)}
		if member.KeyString != nil {
			copied.KeyString = w.text(member.KeyString)
		}
		out.Object = append(out.Object, copied)
	}
	return out
}

// call, pipe and item create queries.
func call(name string, args ...*gojq.Query) *gojq.Query {
	return &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeFunc, Func: &gojq.Func{Name: name, Args: args}}}
}

func pipe(first, then *gojq.Query) *gojq.Query {
	if first == nil {
		return then
	}
	return &gojq.Query{Left: first, Op: gojq.OpPipe, Right: then}
}

func item(i int) *gojq.Query {
	return &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeIndex, Index: &gojq.Index{
		Start: &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeNumber, Number: fmt.Sprint(i)}},
	}}}
}
