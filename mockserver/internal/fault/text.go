package fault

import (
	"encoding/json"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v4"
)

// UnmarshalJSON reads "kind:arg", {"kind": …, "arg": …, "attempts": […]} or {"signature":
// "missing"}.
func (f *Fault) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) == nil {
		return f.parse(text)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil || members == nil {
		return fmt.Errorf("%w: fault %.80s: want text such as \"duplicate:3\", or an object", ErrInvalid, data)
	}
	return f.assemble(func(yield func(string, func(any) error) bool) {
		for name, value := range members {
			if !yield(name, func(into any) error { return json.Unmarshal(value, into) }) {
				return
			}
		}
	})
}

// UnmarshalYAML reads "drop", "duplicate:3", the mapping "duplicate: 3", which may have "attempts:
// [1]" beside it, or kind, arg and attempts written out.
func (f *Fault) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	switch node.Kind {
	case yaml.ScalarNode:
		return f.parse(node.Value)
	case yaml.MappingNode:
		return f.assemble(func(yield func(string, func(any) error) bool) {
			for i := 0; i+1 < len(node.Content); i += 2 {
				if !yield(node.Content[i].Value, func(into any) error { return node.Content[i+1].Decode(into) }) {
					return
				}
			}
		})
	}
	return fmt.Errorf("%w: want a fault, such as drop, duplicate:3 or {signature: missing}", ErrInvalid)
}

func (f *Fault) parse(text string) (err error) {
	*f, err = Parse(text)
	return err
}

// assemble makes the fault from members, each with the function that decodes its value.
func (f *Fault) assemble(members func(yield func(name string, decode func(any) error) bool)) error {
	var out Fault
	short := ""
	for name, decode := range members {
		var err error
		switch name {
		case "kind":
			err = decode(&out.Kind)
		case "arg":
			out.Arg, err = scalar(decode)
		case "attempts":
			err = decode(&out.Attempts)
		default:
			if short != "" {
				pair := []string{short, name}
				slices.Sort(pair)
				return fmt.Errorf("%w: fault with %q and %q: want one kind in each", ErrInvalid, pair[0], pair[1])
			}
			short = name
			out.Arg, err = scalar(decode)
		}
		if err != nil {
			return fmt.Errorf("%w: fault: %s: %s", ErrInvalid, name, wanted(name))
		}
	}
	if short != "" {
		if out.Kind != "" {
			return fmt.Errorf("%w: fault with kind %q and %q: want one of the two", ErrInvalid, out.Kind, short)
		}
		out.Kind = short
	}
	if _, err := out.activate(); err != nil {
		return err
	}
	*f = out
	return nil
}

// scalar reads text or a number as text; null is "".
func scalar(decode func(any) error) (string, error) {
	var text *string
	if err := decode(&text); err == nil {
		if text == nil {
			return "", nil
		}
		return *text, nil
	}
	var number int64
	err := decode(&number)
	return fmt.Sprint(number), err
}

func wanted(member string) string {
	switch member {
	case "kind":
		return "want text"
	case "attempts":
		return "want a list of numbers, such as [1, 2]"
	}
	return "want text or a number"
}
