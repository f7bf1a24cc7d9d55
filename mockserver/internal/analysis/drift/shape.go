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

// Type is the type of a JSON value, named as in JSON Schema.
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

// ErrNotJSON means that a body is not JSON, or is nested deeper than a shape allows.
var ErrNotJSON = errors.New("not readable as JSON")

// Bounds of a shape.
const (
	maxDepth   = 100 // nesting of objects and arrays
	maxMembers = 500 // names of members in one place; more are not recorded
	maxWords   = 12  // different strings in one place; with more, none is recorded
	maxWord    = 60  // bytes of such a string
)

// Shape describes the values seen in one place of JSON bodies. The zero value has seen nothing.
type Shape struct {
	seen  int // values
	types map[Type]int

	members map[string]*Shape // of the objects
	order   []string          // of the members, by first occurrence
	more    bool              // some members were not recorded
	items   *Shape            // of all items of the arrays

	words        map[string]int // how often each string occurred
	tooManyWords bool           // too many different strings, or a long one
}

// Seen returns how many bodies were added.
func (s *Shape) Seen() int { return s.seen }

// Add adds a body: one JSON value. It leaves the shape unchanged when it returns ErrNotJSON.
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

// read adds the next value.
func (s *Shape) read(d *json.Decoder, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("it has more than %d levels", maxDepth)
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

// readMembers adds an object. The last of several members with one name counts, as in most JSON
// parsers.
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

// word counts a string n times.
func (s *Shape) word(text string, n int) {
	if s.tooManyWords {
		return
	}
	if s.words == nil {
		s.words = map[string]int{}
	}
	if s.words[text] += n; len(text) > maxWord || len(s.words) > maxWords {
		s.words, s.tooManyWords = nil, true
	}
}

// put sets the member of that name.
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

// merge adds the values of another shape, which must not be used afterwards.
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
	if other.tooManyWords {
		s.words, s.tooManyWords = nil, true
	}
	for text, n := range other.words {
		s.word(text, n)
	}
}

func (s *Shape) mergeMembers(other *Shape) {
	s.more = s.more || other.more
	for _, name := range other.order {
		if existing := s.members[name]; existing != nil {
			existing.merge(other.members[name])
		} else {
			s.put(name, other.members[name])
		}
	}
}

// always reports whether each object in the place has the member.
func (s *Shape) always(name string) bool {
	m := s.members[name]
	return m != nil && m.seen == s.types[Object]
}

// minRepeats is how often each string must occur, on average, for the place to list its strings.
const minRepeats = 8

// vocabulary returns the strings of the place, sorted, if few strings occur again and again and
// there are no other values except null; else nil.
func (s *Shape) vocabulary() []string {
	if s.tooManyWords || len(s.words) == 0 || s.types[String] < minRepeats*len(s.words) || s.types[String]+s.types[Null] < s.seen {
		return nil
	}
	words := make([]string, 0, len(s.words))
	for word := range s.words {
		if word == redact.Word {
			return nil // its real value is unknown
		}
		words = append(words, word)
	}
	slices.Sort(words)
	return words
}

// typeOrder is the order in which Types lists types.
var typeOrder = [...]Type{Object, Array, String, Integer, Number, Boolean, Null}

// Types returns the types that were seen. It omits Integer when there is a Number, which includes
// it.
func (s *Shape) Types() []Type {
	var types []Type
	for _, t := range typeOrder {
		if s.types[t] > 0 && (t != Integer || s.types[Number] == 0) {
			types = append(types, t)
		}
	}
	return types
}
