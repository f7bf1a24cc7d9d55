package expression

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hookrig/hookrig/internal/clip"
	"github.com/hookrig/hookrig/internal/strictyaml"
)

// Expr is a compiled expression.
type Expr func(*Frame) Value

// Constant returns an expression whose value is v.
func Constant(v Value) Expr { return func(*Frame) Value { return v } }

// Compile compiles text with placeholders. A text that is exactly one placeholder gives its value
// with its type, any other text gives text. A non-nil error is an *Error.
func Compile(text string, scope *Scope) (Expr, error) {
	all, err := compileParts(text, scope)
	if err != nil {
		return nil, err
	}
	return joined(all), nil
}

// compiledPart is literal text or an expression.
type compiledPart struct {
	literal string
	expr    Expr
	name    string // when the expression is one name
}

func compileParts(text string, scope *Scope) ([]compiledPart, error) {
	split, err := Split(text)
	if err != nil {
		return nil, err
	}
	var all []compiledPart
	for _, part := range split {
		if part.Node == nil {
			all = append(all, compiledPart{literal: part.Literal})
			continue
		}
		expr, err := part.Compile(scope)
		if err != nil {
			return nil, err
		}
		compiled := compiledPart{expr: expr}
		if part.Node.Kind == NameNode {
			compiled.name = part.Node.Text
		}
		all = append(all, compiled)
	}
	return all, nil
}

// joined returns the expression that concatenates the parts.
func joined(all []compiledPart) Expr {
	switch {
	case len(all) == 0:
		return Constant(OfText(""))
	case len(all) == 1 && all[0].expr != nil:
		return all[0].expr
	case len(all) == 1:
		return Constant(OfText(all[0].literal))
	}
	return func(f *Frame) Value {
		start := len(f.scratch)
		for _, part := range all {
			if part.expr == nil {
				f.scratch = append(f.scratch, part.literal...)
				continue
			}
			v := part.expr(f)
			f.scratch = v.appendText(f.scratch)
		}
		return f.built(start)
	}
}

// Compile compiles a placeholder, whose value is put into a text: bytes are refused. A non-nil
// error is an *Error that quotes the placeholder.
func (p *Part) Compile(scope *Scope) (Expr, error) {
	n := p.Node
	if fn := functions[n.Text]; n.Kind == CallNode && fn != nil && fn.raw {
		return nil, &Error{Offset: n.At, Source: clip.Text(p.Source, 80), Text: n.Text + " gives bytes, and a text is expected", Hint: "write them as text: | hex or | base64"}
	}
	expr, err := n.Compile(scope)
	return expr, quoted(err, p.Source)
}

// Compile compiles a node with the names of a scope. A non-nil error is an *Error.
func (n *Node) Compile(scope *Scope) (Expr, error) {
	switch n.Kind {
	case LiteralNode:
		return Constant(n.Value), nil
	case NameNode:
		return n.name(scope)
	case VariableNode:
		return n.environment(scope)
	case MemberNode:
		if of := n.Nodes[0]; of.Kind == NameNode && scope.constants[of.Text] != nil {
			return n.constant(scope)
		}
	case CallNode:
		return n.call(scope)
	}
	if path := n.Path(); path != nil && scope.provides(path[0]) {
		return func(f *Frame) Value { return f.provided(scope, path) }, nil
	}
	parts, err := n.below(scope)
	if err != nil {
		return nil, err
	}
	switch n.Kind {
	case MemberNode:
		of, name := parts[0], n.Text
		return func(f *Frame) Value { return member(f, of(f), name) }, nil
	case IndexNode:
		of, at := parts[0], parts[1]
		return func(f *Frame) Value { return index(f, of(f), at(f)) }, nil
	case UnaryNode:
		return unary(n.Text, parts[0]), nil
	case BinaryNode:
		return operation(n.Text, parts[0], parts[1]), nil
	case ChoiceNode:
		return choice(parts[0], parts[1], parts[2]), nil
	case ObjectNode:
		return ObjectOf(n.Keys, parts), nil
	}
	return ListOf(parts), nil
}

// below compiles the nodes below n.
func (n *Node) below(scope *Scope) ([]Expr, error) {
	parts := make([]Expr, len(n.Nodes))
	for i, below := range n.Nodes {
		var err error
		if parts[i], err = below.Compile(scope); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

func unary(op string, of Expr) Expr {
	if op == "!" {
		return func(f *Frame) Value { return OfBool(!truth(f, of(f))) }
	}
	return func(f *Frame) Value { return negate(f, of(f)) }
}

func choice(condition, yes, no Expr) Expr {
	return func(f *Frame) Value {
		if truth(f, condition(f)) {
			return yes(f)
		}
		return no(f)
	}
}

// name compiles a name of the scope.
func (n *Node) name(scope *Scope) (Expr, error) {
	if scope.provides(n.Text) {
		path := []string{n.Text}
		return func(f *Frame) Value { return f.provided(scope, path) }, nil
	}
	if members := scope.constants[n.Text]; members != nil {
		return nil, &Error{Offset: n.At, Text: n.Text + " has no value, only its members have", Hint: known("", slices.Sorted(maps.Keys(members)))}
	}
	place := scope.Place(n.Text)
	if place >= 0 {
		scope.used[place] = true
		return func(f *Frame) Value { return f.Vars[place] }, nil
	}
	wrong := &Error{Offset: n.At, Text: fmt.Sprintf("unknown name %q", n.Text)}
	names := append(slices.Clone(scope.names), scope.roots...)
	if near := strictyaml.Nearest(n.Text, names); near != "" {
		wrong.Hint = fmt.Sprintf("did you mean %q?", near)
	} else if _, function := functions[n.Text]; function {
		wrong.Hint = fmt.Sprintf("to call the function write %s()", n.Text)
	} else if len(scope.roots) > 0 {
		wrong.Hint = known("", names)
	}
	return nil, wrong
}

// known returns a hint: the nearest name, or all.
func known(name string, names []string) string {
	if near := strictyaml.Nearest(name, names); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	if len(names) == 0 || len(names) > 16 {
		return ""
	}
	return "known: " + strings.Join(names, ", ")
}

// constant compiles a member of a name that the scope defines.
func (n *Node) constant(scope *Scope) (Expr, error) {
	name := n.Nodes[0].Text
	text, exists := scope.constants[name][n.Text]
	if !exists {
		return nil, &Error{
			Offset: n.At, Text: fmt.Sprintf("%s has no member %q", name, n.Text),
			Hint: known(n.Text, slices.Sorted(maps.Keys(scope.constants[name]))),
		}
	}
	return Constant(OfText(text)), nil
}

// environment compiles env:NAME. The other names with an argument belong to signing schemes.
func (n *Node) environment(scope *Scope) (Expr, error) {
	switch {
	case n.Text != "env":
		return nil, &Error{Offset: n.At, Text: n.Text + ": can be used in signing schemes only"}
	case scope.Env == nil:
		return nil, &Error{Offset: n.At, Text: "env: cannot be used here: the same seed must give the same bytes everywhere", Hint: "use it in a scenario"}
	}
	return func(f *Frame) Value {
		v, set := scope.Env(n.Argument)
		if set && (v != "" || !n.HasDefault) {
			return OfText(v)
		}
		if !n.HasDefault {
			return f.fail("the variable %s is not set; set it, or give a default: ${env:%s:-…}", n.Argument, n.Argument)
		}
		return OfText(n.Default)
	}, nil
}

// call compiles a call of a function.
func (n *Node) call(scope *Scope) (Expr, error) {
	fn, err := n.function(scope)
	if err != nil {
		return nil, err
	}
	if n.Text == "entity" {
		return n.entity(scope)
	}
	arguments, err := n.below(scope)
	if err != nil {
		return nil, err
	}
	return func(f *Frame) Value {
		base := len(f.args)
		for _, argument := range arguments {
			v := argument(f)
			f.args = append(f.args, v)
		}
		v := fn.call(f, f.args[base:])
		clear(f.args[base:])
		f.args = f.args[:base]
		return v
	}, nil
}

// function returns the function of a call. It checks the arguments and whether the scope allows it.
func (n *Node) function(scope *Scope) (*Function, error) {
	fn, exists := functions[n.Text]
	switch {
	case !exists:
		wrong := &Error{Offset: n.At, Text: fmt.Sprintf("unknown function %q", n.Text)}
		if near := strictyaml.Nearest(n.Text, functionNames()); near != "" {
			wrong.Hint = fmt.Sprintf("did you mean %q?", near)
		}
		return nil, wrong
	case fn.Random && scope.NoRandom != "":
		return nil, &Error{Offset: n.At, Text: n.Text + " gives random values, which cannot be used here", Hint: scope.NoRandom}
	case len(n.Nodes) < fn.least || fn.most >= 0 && len(n.Nodes) > fn.most:
		return nil, &Error{Offset: n.At, Text: fmt.Sprintf("%s takes %s, found %d", n.Text, fn.takes(), len(n.Nodes))}
	case fn.bytes != nil && n.Nodes[0].Kind == LiteralNode && n.Nodes[0].Value.kind == Int:
		wrong := &Error{Offset: n.At, Text: fmt.Sprintf("%s takes text, found the number %s", n.Text, n.Nodes[0].Value)}
		if n.Text == "hex" {
			wrong.Hint = fmt.Sprintf("for random digits write hex_digits(%s)", n.Nodes[0].Value)
		}
		return nil, wrong
	}
	return fn, nil
}

// ListOf returns an expression for the list of the items' values.
func ListOf(items []Expr) Expr {
	return func(f *Frame) Value {
		values := f.items(len(items))
		for i, item := range items {
			values[i] = item(f)
		}
		return f.ofList(values)
	}
}

// ObjectOf returns an expression for the object of the items' values.
func ObjectOf(keys []string, items []Expr) Expr {
	return func(f *Frame) Value {
		values := f.items(len(items))
		for i, item := range items {
			values[i] = item(f)
		}
		return f.ofObject(keys, values)
	}
}
