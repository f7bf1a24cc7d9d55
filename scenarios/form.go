package scenarios

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/hookrig/hookrig/internal/strictyaml"
	"github.com/hookrig/hookrig/mockserver"
)

// This file reads the types that have more than one form in YAML. construct decodes the node into a
// value.

const (
	documented = "documented"
	allEvents  = "all"
)

// shape returns the undecoded node.
func shape(construct func(any) error) *yaml.Node {
	var n *yaml.Node
	_ = construct(&n) // decoding into a node never fails
	return n
}

func isScalar(n *yaml.Node, tag string) bool {
	return n.Kind == yaml.ScalarNode && (tag == "" || n.ShortTag() == tag)
}

func wrong(n *yaml.Node, hint, format string, args ...any) error {
	return strictyaml.Problems{strictyaml.At(n, fmt.Sprintf(format, args...), hint)}
}

// UnmarshalYAML reads one expectation or a list.
func (e *Expectations) UnmarshalYAML(construct func(any) error) error {
	if n := shape(construct); n.Kind != yaml.SequenceNode {
		*e = make(Expectations, 1)
		return construct(&(*e)[0])
	} else if len(n.Content) == 0 {
		return wrong(n, "", "the list of expectations is empty")
	}
	return construct((*[]Expectation)(e))
}

// UnmarshalYAML reads a status or a mapping.
func (r *Response) UnmarshalYAML(construct func(any) error) error {
	n := shape(construct)
	type mapping Response
	var err error
	if isScalar(n, "!!int") {
		err = construct(&r.Status)
	} else {
		err = construct((*mapping)(r))
	}
	if r.Status != 0 && (r.Status < 200 || r.Status > 599) {
		err = errors.Join(err, wrong(n, "", "a bin cannot answer status %d: want 200 to 599", r.Status))
	}
	return err
}

// UnmarshalYAML reads a kind or a mapping.
func (h *Handshake) UnmarshalYAML(construct func(any) error) error {
	n := shape(construct)
	type mapping Handshake
	if !isScalar(n, "!!str") {
		return construct((*mapping)(h))
	}
	if err := construct(&h.Kind); err != nil || h.Kind == "" {
		return err
	}
	if kinds := mockserver.HandshakeKinds(); !slices.Contains(kinds, string(h.Kind)) {
		return wrong(n, didYouMean(string(h.Kind), kinds), "unknown handshake kind %q", h.Kind)
	}
	return nil
}

// UnmarshalYAML reads the pair [name, value].
func (l *Line) UnmarshalYAML(construct func(any) error) error {
	n := shape(construct)
	if n.Kind != yaml.SequenceNode || len(n.Content) != 2 {
		return errors.New("expected a header line: [name, value]")
	}
	var pair []string
	if err := construct(&pair); err != nil {
		return err
	}
	l.Name, l.Value = pair[0], pair[1]
	return nil
}

// UnmarshalYAML reads a number or a mapping with min and max.
func (c *Count) UnmarshalYAML(construct func(any) error) error {
	n := shape(construct)
	if n.Kind == yaml.MappingNode {
		type mapping Count
		if err := construct((*mapping)(c)); err != nil {
			return err
		}
		if c.Max != nil && *c.Max < c.Min || c.Min < 0 {
			return wrong(n, "", "invalid count %s: want min from 0, and max not below min", c)
		}
		return nil
	}
	var exact int
	if !isScalar(n, "!!int") {
		return errors.New("expected a number, or a mapping with min and max")
	}
	if err := construct(&exact); err != nil {
		return err
	}
	if exact < 0 {
		return wrong(n, "", "expected a number from 0, found %d", exact)
	}
	*c = *Exactly(exact)
	return nil
}

// UnmarshalYAML reads a list of names or the word all.
func (l *EventList) UnmarshalYAML(construct func(any) error) error {
	n := shape(construct)
	if isScalar(n, "!!str") && n.Value == allEvents {
		*l = EventList{allEvents}
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		return errors.New("expected a list of events, or the word all")
	}
	return construct((*[]string)(l))
}

// UnmarshalYAML reads the word documented or a mapping.
func (h *Headers) UnmarshalYAML(construct func(any) error) error {
	n := shape(construct)
	if isScalar(n, "!!str") && n.Value == documented {
		h.Documented = true
		return nil
	}
	if n.Kind != yaml.MappingNode {
		return errors.New("expected the word documented, or a mapping of header names to regular expressions")
	}
	if err := construct(&h.Lines); err != nil {
		return err
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if _, err := wholeLine(n.Content[i+1].Value); err != nil {
			return wrong(n.Content[i+1], "", "%v", err)
		}
	}
	return nil
}

// wholeLine compiles a regular expression that must match a whole header value.
func wholeLine(expression string) (*regexp.Regexp, error) {
	if _, err := regexp.Compile(expression); err != nil {
		return nil, err
	}
	return regexp.Compile(`^(?:` + expression + `)$`)
}

// UnmarshalYAML reads a number or a list of outcomes.
func (a *Attempts) UnmarshalYAML(construct func(any) error) error {
	n := shape(construct)
	if isScalar(n, "!!int") {
		err := construct(&a.Number)
		if err == nil && a.Number < 1 {
			return wrong(n, "", "expected a number from 1, found %d", a.Number)
		}
		return err
	}
	if n.Kind != yaml.SequenceNode {
		return errors.New("expected a number of attempts, or a list of outcomes")
	}
	if err := construct(&a.Outcomes); err != nil {
		return err
	}
	var problems strictyaml.Problems
	for i, outcome := range a.Outcomes {
		if outcome != "" && !outcomeForm.MatchString(outcome) {
			hint := ""
			if near := strictyaml.Nearest(outcome, outcomes); near != "" {
				hint = fmt.Sprintf("did you mean %q?", near)
			}
			problems = append(problems, strictyaml.At(target(n.Content[i]),
				fmt.Sprintf("unknown outcome %q: want a status (503), a class (4xx), or one of %s", outcome, strings.Join(outcomes, ", ")), hint))
		}
	}
	return problems.Err()
}

var (
	outcomeForm = regexp.MustCompile(`^([1-5]([0-9][0-9]|xx)|not_sent|partly_written|no_reply)$`)
	outcomes    = []string{string(mockserver.NotSent), string(mockserver.PartlyWritten), string(mockserver.NoResponse)}
)

// UnmarshalYAML reads a status, a class, or a list of them.
func (s *Statuses) UnmarshalYAML(construct func(any) error) error {
	n := shape(construct)
	if n.Kind == yaml.ScalarNode {
		*s = make(Statuses, 1)
		if err := construct(&(*s)[0]); err != nil {
			return err
		}
		return checkStatus(n, (*s)[0])
	}
	if err := construct((*[]string)(s)); err != nil {
		return err
	}
	if len(n.Content) == 0 {
		return wrong(n, "", "the list of statuses is empty")
	}
	var problems []error
	for i, status := range *s {
		problems = append(problems, checkStatus(target(n.Content[i]), status))
	}
	return errors.Join(problems...)
}

func checkStatus(n *yaml.Node, status string) error {
	if status == "" || statusForm.MatchString(status) {
		return nil
	}
	return wrong(n, "", "unknown status %q: want a status (201) or a class (2xx)", status)
}

var statusForm = regexp.MustCompile(`^[1-5]([0-9][0-9]|xx)$`)

// UnmarshalYAML reads the name of an aspect.
func (a *Aspect) UnmarshalYAML(construct func(any) error) error {
	if err := construct((*string)(a)); err != nil || *a == "" {
		return err
	}
	return a.check()
}

// UnmarshalYAML reads a jq program.
func (c *Condition) UnmarshalYAML(construct func(any) error) error {
	if err := construct((*string)(c)); err != nil || *c == "" {
		return err
	}
	_, err := compileJQ(string(*c))
	return err
}

// All reports whether the list is the word all.
func (l EventList) All() bool { return len(l) == 1 && l[0] == allEvents }

func (a Attempts) set() bool { return a.Number > 0 || len(a.Outcomes) > 0 }

func (a Attempts) String() string {
	if len(a.Outcomes) == 0 {
		return strconv.Itoa(a.Number)
	}
	return strings.Join(a.Outcomes, ", ")
}

// Exactly returns the Count of exactly n.
func Exactly(n int) *Count { return &Count{Min: n, Max: &n} }

// AtLeast returns the Count of n or more.
func AtLeast(n int) *Count { return &Count{Min: n} }

func (c Count) holds(n int) bool { return n >= c.Min && (c.Max == nil || n <= *c.Max) }

func (c Count) String() string {
	switch {
	case c.Max == nil:
		return "at least " + strconv.Itoa(c.Min)
	case *c.Max == c.Min:
		return "exactly " + strconv.Itoa(c.Min)
	}
	return strconv.Itoa(c.Min) + " to " + strconv.Itoa(*c.Max)
}

// of returns the count and a noun, such as "exactly 2 captures".
func (c Count) of(what string) string {
	words := plural(c.Min, what)
	if c.Max != nil && *c.Max != c.Min {
		words = plural(*c.Max, what)
	}
	_, noun, _ := strings.Cut(words, " ")
	return c.String() + " " + noun
}
