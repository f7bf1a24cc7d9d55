package scenarios

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/hookrig/hookrig/internal/expression"
	"github.com/hookrig/hookrig/internal/strictyaml"
)

// referenceNames are the names that expressions in a scenario can use, in addition to env:NAME.
var referenceNames = []string{"steps", "params", "row", "each", "bins", "target", "seed"}

// noRandom says why an expression in a scenario has no random values: it is evaluated each time its
// step or effect is read, so two expressions, or two readings of one, would differ.
const noRandom = "a value must be the same each time it is read: use ${seed}, ${stable(seed, 8, 'a-z0-9')} or the events, which are random by the seed"

func holdsReference(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str" && expression.Holds(n.Value)
}

// expander replaces the placeholders in the values of a file.
type expander struct {
	file     string
	scope    *expression.Scope
	frame    *expression.Frame
	problems strictyaml.Problems
}

// expand returns a copy of n with the values of all placeholders. A scalar that is exactly one
// placeholder takes the value and its type, others take text. Errors contain file, line and column.
func expand(file string, n *yaml.Node, s *scope) (*yaml.Node, error) {
	e := expander{file: file, scope: s.expressions(), frame: expression.NewFrame(0)}
	out := e.node(n, 0)
	return out, e.problems.Err()
}

func (e *expander) node(n *yaml.Node, depth int) *yaml.Node {
	n = target(n)
	if depth > strictyaml.MaxDepth {
		e.problems = append(e.problems, strictyaml.At(n, "nested too deep", ""))
		return n
	}
	if n.Kind == yaml.ScalarNode {
		return e.scalar(n)
	}
	copied := *n
	copied.Content = slices.Clone(n.Content)
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			continue // keys cannot be references
		}
		copied.Content[i] = e.node(c, depth+1)
	}
	return &copied
}

func (e *expander) scalar(n *yaml.Node) *yaml.Node {
	if n.ShortTag() != "!!str" || !strings.Contains(n.Value, "${") {
		return n
	}
	parts, err := expression.Split(n.Value)
	if err != nil {
		return e.wrong(n, err)
	}
	var text strings.Builder
	for i := range parts {
		if parts[i].Node == nil {
			text.WriteString(parts[i].Literal)
			continue
		}
		v, err := e.value(&parts[i])
		if err != nil {
			return e.wrong(n, err)
		}
		if len(parts) == 1 {
			typed := nodeOf(v)
			typed.Line, typed.Column = n.Line, n.Column
			return typed
		}
		text.WriteString(v.String())
	}
	out := *n
	out.Value = text.String()
	return &out
}

// value evaluates a placeholder.
func (e *expander) value(part *expression.Part) (expression.Value, error) {
	expr, err := part.Compile(e.scope)
	if err != nil {
		return expression.Value{}, err
	}
	v := expr(e.frame)
	if err := e.frame.Err(); err != nil {
		return v, fmt.Errorf("%s: %w", part.Source, err)
	}
	if !utf8.ValidString(v.String()) {
		return v, fmt.Errorf("%s gives bytes that are not UTF-8 text; add | hex or | base64", part.Source)
	}
	return v, nil
}

// wrong adds a problem and returns n.
func (e *expander) wrong(n *yaml.Node, err error) *yaml.Node {
	p := mistake(n, err)
	p.File = e.file
	e.problems = append(e.problems, p)
	return n
}

// mistake returns the problem of a scalar's placeholder.
func mistake(n *yaml.Node, err error) strictyaml.Problem {
	p := strictyaml.At(n, err.Error(), "")
	var wrong *expression.Error
	if errors.As(err, &wrong) {
		p.Message, p.Hint = wrong.Message(), wrong.Hint
	}
	return p
}

// nodeOf returns the YAML node of a value.
func nodeOf(v expression.Value) *yaml.Node {
	scalar := func(tag, value string) *yaml.Node {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: value}
	}
	switch v.Kind() {
	case expression.Null:
		return scalar("!!null", "null")
	case expression.Bool:
		return scalar("!!bool", v.String())
	case expression.Int, expression.Float:
		text := v.String()
		if _, err := strconv.ParseUint(strings.TrimPrefix(text, "-"), 10, 64); err == nil {
			return scalar("!!int", text)
		}
		return scalar("!!float", text)
	case expression.List:
		n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		for _, item := range v.Items() {
			n.Content = append(n.Content, nodeOf(item))
		}
		return n
	case expression.Object:
		n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		names := v.Names()
		for i, item := range v.Items() {
			n.Content = append(n.Content, scalar("!!str", names[i]), nodeOf(item))
		}
		return n
	}
	return scalar("!!str", v.String())
}

// valueOf returns the value of what encoding/json decodes, with exact numbers. Members are sorted.
func valueOf(v any) (expression.Value, error) {
	switch v := v.(type) {
	case nil:
		return expression.Value{}, nil
	case string:
		return expression.OfText(v), nil
	case bool:
		return expression.OfBool(v), nil
	case json.Number:
		return expression.OfNumber(v.String())
	case []any:
		items := make([]expression.Value, len(v))
		for i := range v {
			var err error
			if items[i], err = valueOf(v[i]); err != nil {
				return expression.Value{}, err
			}
		}
		return expression.OfList(items...), nil
	case map[string]any:
		names := keys(v)
		items := make([]expression.Value, len(names))
		for i, name := range names {
			var err error
			if items[i], err = valueOf(v[name]); err != nil {
				return expression.Value{}, err
			}
		}
		return expression.OfObject(names, items), nil
	}
	return expression.OfNumber(fmt.Sprint(v)) // the other values of the scope are numbers of Go
}

// textOf returns a value for use within text: a string unchanged, everything else as JSON.
func textOf(v any) string {
	if text, ok := v.(string); ok {
		return text
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}

// scope holds the values that expressions can use.
type scope struct {
	env    func(string) (string, bool)
	seed   uint64
	params map[string]any
	row    map[string]any // values of the row of the scenario's table
	each   map[string]any // values of the row of the step's table
	target map[string]any
	bins   map[string]any
	steps  map[string]any
}

// expressions returns the scope in which expressions are compiled.
func (s *scope) expressions() *expression.Scope {
	scope := &expression.Scope{Env: s.env, NoRandom: noRandom}
	scope.Provide(referenceNames, s.lookup)
	return scope
}

// lookup returns the value at a path.
func (s *scope) lookup(path []string) (expression.Value, error) {
	var v any
	switch path[0] {
	case "seed":
		v = s.seed
	case "params":
		v = s.params
	case "row":
		v = s.row
	case "each":
		v = s.each
	case "target":
		v = s.target
	case "bins":
		v = s.bins
	case "steps":
		v = s.steps
	}
	if len(path) == 1 && path[0] != "seed" {
		return expression.Value{}, fmt.Errorf("the reference ends too early: %w", errReference)
	}
	v, err := walk(v, path[1:])
	if err != nil {
		return expression.Value{}, err
	}
	return valueOf(v)
}

var errReference = errors.New("want ${steps.ID.…}, ${params.NAME}, ${row.NAME}, ${each.NAME}, ${bins.NAME.url}, ${target.url}, ${env:NAME}, ${env:NAME:-default} or ${seed}")

// walk follows a path of keys and indexes.
func walk(v any, path []string) (any, error) {
	for _, step := range path {
		switch within := v.(type) {
		case map[string]any:
			next, ok := within[step]
			if !ok {
				return nil, fmt.Errorf("there is no %q (%s)", step, didYouMean(step, keys(within)))
			}
			v = next
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(within) {
				return nil, fmt.Errorf("want an index from 0 to %d, got %q", len(within)-1, step)
			}
			v = within[i]
		default:
			return nil, fmt.Errorf("the value before %q has no members", step)
		}
	}
	return v, nil
}

// outputs returns the names that references to a step with the verb can use.
func outputs(verb string) []string {
	switch verb {
	case "subscribe":
		return []string{"id", "url", "secret", "tenant"}
	case "journey", "deliver":
		return []string{"events", "deliveries"}
	case "replay":
		return []string{"deliveries"}
	case "burst":
		return []string{"sent", "acknowledged"}
	}
	return nil
}
