package drift

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/hookrig/hookrig/internal/redact"
)

// Type is that of a JSON value, as JSON Schema names it.
type Type string

// The types. An integer is a number without fraction and exponent.
const (
	Null    Type = "null"
	Boolean Type = "boolean"
	Integer Type = "integer"
	Number  Type = "number"
	String  Type = "string"
	Array   Type = "array"
	Object  Type = "object"
)

// ErrNotJSON is what Add says of a body that is no JSON, or is nested deeper than a shape goes.
var ErrNotJSON = errors.New("no JSON that a shape can be taken of")

// Bounds of a shape.
const (
	maxDepth   = 100 // objects and arrays within one another
	maxMembers = 500 // names of members of one place; further ones are not told apart
	maxWords   = 12  // different strings of one place; with more, what they say is not known
	maxWord    = 60  // bytes of such a string
)

// Shape is what one place of JSON bodies was seen to hold. The zero value has seen nothing.
type Shape struct {
	seen  int // values
	types map[Type]int

	members map[string]*Shape // of the objects
	order   []string          // of the members, as they first came
	more    bool              // members came that are not among them
	items   *Shape            // of all items of the arrays

	words map[string]int // what the strings said
	wordy bool           // more different things than there is room for
}

// Seen is how many bodies were taken in.
func (s *Shape) Seen() int { return s.seen }

// Add takes a body in: one JSON value. ErrNotJSON leaves the shape as it was.
func (s *Shape) Add(body []byte) error {
	var one Shape
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := one.read(d, 0); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("%w: it ends too early", ErrNotJSON)
		}
		return fmt.Errorf("%w: %w", ErrNotJSON, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: something follows the value, at byte %d", ErrNotJSON, d.InputOffset())
	}
	s.merge(&one)
	return nil
}

// read takes in the next value.
func (s *Shape) read(d *json.Decoder, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("it is nested more than %d deep", maxDepth)
	}
	token, err := d.Token()
	if err != nil {
		return err
	}
	s.seen++
	switch t := token.(type) {
	case json.Delim:
		if t == '[' {
			err = s.readItems(d, depth)
		} else {
			err = s.readMembers(d, depth)
		}
		if err == nil {
			_, err = d.Token() // the closing bracket
		}
		return err
	case string:
		s.is(String)
		s.word(t, 1)
	case json.Number:
		if strings.ContainsAny(string(t), ".eE") {
			s.is(Number)
		} else {
			s.is(Integer)
		}
	case bool:
		s.is(Boolean)
	case nil:
		s.is(Null)
	}
	return nil
}

func (s *Shape) readItems(d *json.Decoder, depth int) error {
	s.is(Array)
	for d.More() {
		if s.items == nil {
			s.items = &Shape{}
		}
		if err := s.items.read(d, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// readMembers takes in an object. Of members of one name the last counts, as for most programs that read it.
func (s *Shape) readMembers(d *json.Decoder, depth int) error {
	s.is(Object)
	var one Shape
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		value := &Shape{}
		if err := value.read(d, depth+1); err != nil {
			return err
		}
		one.put(name.(string), value)
	}
	s.mergeMembers(&one)
	return nil
}

func (s *Shape) is(t Type) {
	if s.types == nil {
		s.types = map[Type]int{}
	}
	s.types[t]++
}

// word notes what a string says, n times.
func (s *Shape) word(text string, n int) {
	if s.wordy {
		return
	}
	if s.words == nil {
		s.words = map[string]int{}
	}
	if s.words[text] += n; len(text) > maxWord || len(s.words) > maxWords {
		s.words, s.wordy = nil, true
	}
}

// put makes value the member of that name.
func (s *Shape) put(name string, value *Shape) {
	if s.members == nil {
		s.members = map[string]*Shape{}
	}
	if s.members[name] == nil {
		if len(s.order) == maxMembers {
			s.more = true
			return
		}
		s.order = append(s.order, name)
	}
	s.members[name] = value
}

// merge adds what another shape has seen, which is not used any more.
func (s *Shape) merge(other *Shape) {
	s.seen += other.seen
	for t, n := range other.types {
		if s.types == nil {
			s.types = map[Type]int{}
		}
		s.types[t] += n
	}
	s.mergeMembers(other)
	switch {
	case other.items == nil:
	case s.items == nil:
		s.items = other.items
	default:
		s.items.merge(other.items)
	}
	if other.wordy {
		s.words, s.wordy = nil, true
	}
	for text, n := range other.words {
		s.word(text, n)
	}
}

func (s *Shape) mergeMembers(other *Shape) {
	s.more = s.more || other.more
	for _, name := range other.order {
		if held := s.members[name]; held != nil {
			held.merge(other.members[name])
		} else {
			s.put(name, other.members[name])
		}
	}
}

// always says whether each object of the place has the member.
func (s *Shape) always(name string) bool {
	m := s.members[name]
	return m != nil && m.seen == s.types[Object]
}

// A place knows its words when each came back, on average, this often.
const known = 8

// vocabulary is what the strings of the place say, in order, if they say few things again and again, and there is nothing
// but them and null; else nil.
func (s *Shape) vocabulary() []string {
	if s.wordy || len(s.words) == 0 || s.types[String] < known*len(s.words) || s.types[String]+s.types[Null] < s.seen {
		return nil
	}
	words := make([]string, 0, len(s.words))
	for word := range s.words {
		if word == redact.Word {
			return nil // what it stands for is not known
		}
		words = append(words, word)
	}
	slices.Sort(words)
	return words
}

// typeOrder is that in which types are named.
var typeOrder = [...]Type{Object, Array, String, Integer, Number, Boolean, Null}

// Types are those that were seen; Integer is left out where there is a Number, which it is one of.
func (s *Shape) Types() []Type {
	var types []Type
	for _, t := range typeOrder {
		if s.types[t] > 0 && (t != Integer || s.types[Number] == 0) {
			types = append(types, t)
		}
	}
	return types
}
