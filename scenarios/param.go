package scenarios

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/hookrig/hookrig/internal/redact"
	"github.com/hookrig/hookrig/internal/strictyaml"
)

// Param is a value that a run can set. References read it as ${params.NAME}. In a file it is a
// mapping, or its default value.
type Param struct {
	// Type of the value; "" is the type of the default and, without one, text.
	Type ParamType `yaml:"type" json:"type,omitempty" strict:"oneof=text|int|number|bool|duration"`
	// Default is the value in runs that set none. Without it, every run must set a value.
	Default json.RawMessage `yaml:"default" json:"default,omitempty"`
	// Description explains the parameter in lists.
	Description string `yaml:"description" json:"description,omitempty"`
}

// ParamType is the type of a Param.
type ParamType string

// The types of a Param.
const (
	TextParam     ParamType = "text"
	IntParam      ParamType = "int" // a whole number
	NumberParam   ParamType = "number"
	BoolParam     ParamType = "bool"
	DurationParam ParamType = "duration"
)

// ErrParam means that a run sets a parameter that the scenario does not have, gives one a value of
// the wrong type, or leaves one without a value.
var ErrParam = errors.New("parameter")

// UnmarshalYAML reads a mapping or a default value.
func (p *Param) UnmarshalYAML(construct func(any) error) error {
	n := shape(construct)
	type mapping Param
	if n.Kind == yaml.MappingNode {
		if err := construct((*mapping)(p)); err != nil || p.Default == nil {
			return err
		}
		_, err := p.fromDefault()
		if err != nil {
			return wrong(target(child(n, "default")), "", "%v", err)
		}
		return nil
	}
	if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" {
		return errors.New("expected a value, or a mapping with type and default")
	}
	return construct(&p.Default)
}

// kind returns the type of the parameter.
func (p Param) kind() ParamType {
	if p.Type != "" {
		return p.Type
	}
	switch v := parsed(p.Default).(type) {
	case bool:
		return BoolParam
	case json.Number:
		if _, err := strconv.ParseInt(v.String(), 10, 64); err == nil {
			return IntParam
		}
		return NumberParam
	}
	return TextParam
}

// fromText returns the value that a text on the command line is.
func (p Param) fromText(text string) (any, error) {
	kind := p.kind()
	want := map[ParamType]string{
		IntParam: "a whole number", NumberParam: "a number", BoolParam: "true or false", DurationParam: "a duration such as 250ms, 30s, 5m or 2d",
	}[kind]
	var ok bool
	var value any = text
	switch kind {
	case IntParam:
		n, err := strconv.ParseInt(text, 10, 64)
		value, ok = json.Number(strconv.FormatInt(n, 10)), err == nil
	case NumberParam:
		number, isNumber := parsed([]byte(text)).(json.Number)
		value, ok = number, isNumber
	case BoolParam:
		value, ok = text == "true", text == "true" || text == "false"
	case DurationParam:
		_, err := strictyaml.ParseDuration(text)
		ok = err == nil
	default:
		return text, nil
	}
	if !ok {
		return nil, fmt.Errorf("expected %s, found %q", want, text)
	}
	return value, nil
}

// fromDefault returns the default value.
func (p Param) fromDefault() (any, error) {
	switch v := parsed(p.Default).(type) {
	case string:
		return p.fromText(v)
	case json.Number:
		return p.fromText(v.String())
	case bool:
		return p.fromText(strconv.FormatBool(v))
	}
	return nil, fmt.Errorf("a default is text, a number, true or false, found %s", p.Default)
}

// CheckParams checks the parameters of a run: every name must be a parameter of the scenario, every
// value must have its type, and a parameter without a default needs a value. The error names all
// mistakes and wraps ErrParam.
func (s *Scenario) CheckParams(given map[string]string) error {
	_, err := s.params(given)
	return err
}

// params returns the values of all parameters, as they are without references.
func (s *Scenario) params(given map[string]string) (map[string]any, error) {
	var problems []error
	for _, name := range keys(given) {
		if _, ok := s.Params[name]; !ok {
			problems = append(problems, s.unknownParam(name))
		}
	}
	values := map[string]any{}
	for _, name := range keys(s.Params) {
		p := s.Params[name]
		text, set := given[name]
		switch {
		case set:
			v, err := p.fromText(text)
			if err != nil {
				problems = append(problems, fmt.Errorf("%w %s of scenario %s: %w", ErrParam, name, s.Name, err))
			}
			values[name] = v
		case p.Default != nil:
			v, err := p.fromDefault()
			if err != nil {
				problems = append(problems, fmt.Errorf("%w %s of scenario %s: %w", ErrParam, name, s.Name, err))
			}
			values[name] = v
		case !s.defaultIsReference(name):
			problems = append(problems, fmt.Errorf("%w %s of scenario %s has no value: give it one with --param %s=%s", ErrParam, name, s.Name, name, strings.ToUpper(string(p.kind()))))
		}
	}
	return values, errors.Join(problems...)
}

// unknownParam returns the error of a parameter that the scenario or, without a name, no scenario
// has.
func (s *Scenario) unknownParam(name string) error {
	known := keys(s.Params)
	hint := didYouMean(name, known)
	switch {
	case len(known) == 0:
		hint = "there are none"
	case hint == "":
		hint = "hookrig run --list shows them"
	}
	if s.Name == "" {
		return fmt.Errorf("unknown %w %q: %s", ErrParam, name, hint)
	}
	return fmt.Errorf("scenario %s has no %w %q: %s", s.Name, ErrParam, name, hint)
}

// defaultIsReference reports whether the default of a parameter is resolved when a run begins.
func (s *Scenario) defaultIsReference(name string) bool { return s.defaultNode(name) != nil }

// defaultNode returns the default of a parameter if it is a reference, else nil.
func (s *Scenario) defaultNode(name string) *yaml.Node {
	n := target(child(child(s.root, "params"), name))
	if n != nil && n.Kind == yaml.MappingNode {
		n = target(child(n, "default"))
	}
	if n == nil || !holdsReference(n) {
		return nil
	}
	return n
}

// makeParams sets the values that references to params resolve to.
func (r *run) makeParams() error {
	values, err := r.scenario.params(r.options.Params)
	if err != nil {
		return err
	}
	for _, name := range keys(r.scenario.Params) {
		n := r.scenario.defaultNode(name)
		if _, given := r.options.Params[name]; given || n == nil {
			continue
		}
		p := Param{Type: r.scenario.Params[name].kind()}
		if err := r.decode(r.scenario.file, n, &p.Default); err != nil {
			return err
		}
		v, err := p.fromDefault()
		if err != nil {
			return fmt.Errorf("%w %s of scenario %s: %w", ErrParam, name, r.scenario.Name, err)
		}
		values[name] = v
	}
	r.scope.params = values
	return nil
}

// secretParams returns the values of parameters whose names are those of secrets.
func (r *run) secretParams() []string {
	var secrets []string
	for name, v := range r.scope.params {
		if text, ok := v.(string); ok && redact.Variable(name) {
			secrets = append(secrets, text)
		}
	}
	return secrets
}
