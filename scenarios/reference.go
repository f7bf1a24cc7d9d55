package scenarios

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/hookrig/hookrig/internal/strictyaml"
)

// reference matches ${steps.ID.…}, ${bins.NAME.url}, ${target.url}, ${env:NAME},
// ${env:NAME:-default} and ${seed}. A scalar that consists of one reference takes the value and its
// type. Within text, the value's text replaces the reference. $${ is a literal ${.
var reference = regexp.MustCompile(`\$?\$\{[^}]*\}?`)

func holdsReference(n *yaml.Node) bool {
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" {
		return false
	}
	for _, r := range reference.FindAllString(n.Value, -1) {
		if !strings.HasPrefix(r, "$$") {
			return true
		}
	}
	return false
}

// expand returns a copy of n with every reference replaced by the result of resolve. Errors contain
// file, line and column.
func expand(file string, n *yaml.Node, resolve func(ref string) (any, error)) (*yaml.Node, error) {
	var problems strictyaml.Problems
	out := expandNode(file, n, resolve, &problems, 0)
	return out, problems.Err()
}

func expandNode(file string, n *yaml.Node, resolve func(string) (any, error), problems *strictyaml.Problems, depth int) *yaml.Node {
	n = target(n)
	if depth > strictyaml.MaxDepth {
		*problems = append(*problems, strictyaml.At(n, "nested too deep", ""))
		return n
	}
	if n.Kind == yaml.ScalarNode {
		return expandScalar(file, n, resolve, problems)
	}
	copied := *n
	copied.Content = slices.Clone(n.Content)
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			continue // keys cannot be references
		}
		copied.Content[i] = expandNode(file, c, resolve, problems, depth+1)
	}
	return &copied
}

func expandScalar(file string, n *yaml.Node, resolve func(string) (any, error), problems *strictyaml.Problems) *yaml.Node {
	if n.ShortTag() != "!!str" || !strings.Contains(n.Value, "${") {
		return n
	}
	out := *n
	if found := reference.FindString(n.Value); found == n.Value && !strings.HasPrefix(found, "$$") {
		v, err := resolveText(found, resolve)
		if err != nil {
			*problems = append(*problems, unresolved(file, n, err))
			return n
		}
		typed := nodeOf(v)
		typed.Line, typed.Column = n.Line, n.Column
		return typed
	}
	out.Value = reference.ReplaceAllStringFunc(n.Value, func(found string) string {
		if strings.HasPrefix(found, "$$") {
			return found[1:]
		}
		v, err := resolveText(found, resolve)
		if err != nil {
			*problems = append(*problems, unresolved(file, n, err))
			return found
		}
		return textOf(v)
	})
	return &out
}

func unresolved(file string, n *yaml.Node, err error) strictyaml.Problem {
	p := strictyaml.At(n, err.Error(), "")
	p.File = file
	return p
}

// resolveText removes ${ and } and resolves the reference.
func resolveText(found string, resolve func(string) (any, error)) (any, error) {
	ref, closed := strings.CutSuffix(strings.TrimPrefix(found, "${"), "}")
	if !closed {
		return nil, fmt.Errorf("reference %s is not closed by }", found)
	}
	return resolve(ref)
}

// nodeOf returns the YAML node of a value decoded by encoding/json.
func nodeOf(v any) *yaml.Node {
	scalar := func(tag, value string) *yaml.Node {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: value}
	}
	switch v := v.(type) {
	case nil:
		return scalar("!!null", "null")
	case string:
		return scalar("!!str", v)
	case bool:
		return scalar("!!bool", strconv.FormatBool(v))
	case int:
		return scalar("!!int", strconv.Itoa(v))
	case uint64:
		return scalar("!!int", strconv.FormatUint(v, 10))
	case json.Number:
		if _, err := strconv.ParseInt(v.String(), 10, 64); err == nil {
			return scalar("!!int", v.String())
		}
		return scalar("!!float", v.String())
	case []any:
		n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		for _, item := range v {
			n.Content = append(n.Content, nodeOf(item))
		}
		return n
	case map[string]any:
		n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		for _, key := range keys(v) {
			n.Content = append(n.Content, scalar("!!str", key), nodeOf(v[key]))
		}
		return n
	}
	return scalar("!!str", fmt.Sprint(v))
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

// scope holds the values that references resolve to.
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

// resolve returns the value of a reference; ref has no ${ and }.
func (s *scope) resolve(ref string) (any, error) {
	if rest, ok := strings.CutPrefix(ref, "env:"); ok {
		name, fallback, has := strings.Cut(rest, ":-")
		if v, ok := s.env(name); ok && (v != "" || !has) {
			return v, nil
		}
		if !has {
			return nil, fmt.Errorf("${%s}: the variable %s is not set; set it, or give a default: ${env:%s:-…}", ref, name, name)
		}
		return fallback, nil
	}
	root, path, _ := strings.Cut(ref, ".")
	switch root {
	case "seed":
		return s.seed, nil
	case "params":
		return walk(s.params, ref, path)
	case "row":
		return walk(s.row, ref, path)
	case "each":
		return walk(s.each, ref, path)
	case "target":
		return walk(s.target, ref, path)
	case "bins":
		return walk(s.bins, ref, path)
	case "steps":
		return walk(s.steps, ref, path)
	}
	return nil, fmt.Errorf("unknown reference ${%s}: %w", ref, errReference)
}

var errReference = errors.New("want ${steps.ID.…}, ${params.NAME}, ${row.NAME}, ${each.NAME}, ${bins.NAME.url}, ${target.url}, ${env:NAME}, ${env:NAME:-default} or ${seed}")

// walk follows a path of keys and indexes, separated by dots.
func walk(v any, ref, path string) (any, error) {
	if path == "" {
		return nil, fmt.Errorf("reference ${%s} ends too early: %w", ref, errReference)
	}
	for step := range strings.SplitSeq(path, ".") {
		switch within := v.(type) {
		case map[string]any:
			next, ok := within[step]
			if !ok {
				return nil, fmt.Errorf("${%s}: there is no %q (%s)", ref, step, didYouMean(step, keys(within)))
			}
			v = next
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(within) {
				return nil, fmt.Errorf("${%s}: want an index from 0 to %d, got %q", ref, len(within)-1, step)
			}
			v = within[i]
		default:
			return nil, fmt.Errorf("${%s}: the value before %q has no members", ref, step)
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
