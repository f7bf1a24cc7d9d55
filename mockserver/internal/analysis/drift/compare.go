package drift

import (
	"fmt"
	"slices"
	"strings"
)

// Kind is how a place drifted.
type Kind string

// The kinds.
const (
	Missing  Kind = "missing"  // a member that was always present is missing
	Optional Kind = "optional" // a member that was always present is missing sometimes
	New      Kind = "new"      // a member that was never present appears
	Retyped  Kind = "type"     // a value has a new type
	Word     Kind = "word"     // a string has a value that is not among its few known values
)

// Change is one place that drifted.
type Change struct {
	// Where is a JSON pointer (RFC 6901), with * for any item of an array: "/items/*/id"; "" is the
	// body itself.
	Where  string `json:"where" doc:"a JSON pointer, * is any item of an array; empty is the body itself"`
	Kind   Kind   `json:"kind" enum:"missing,optional,new,type,word" doc:"missing and optional: a member that was always present; new: a member that never was; type: another type; word: a string outside its few known values"`
	Before string `json:"before" doc:"the types, or words, before"`
	After  string `json:"after" doc:"the types, or words, now"`
}

func (c Change) String() string {
	where := c.Where
	if where == "" {
		where = "the body"
	}
	switch c.Kind {
	case Missing:
		return fmt.Sprintf("%s is missing (%s)", where, c.Before)
	case Optional:
		return fmt.Sprintf("%s is missing sometimes (%s)", where, c.Before)
	case New:
		return fmt.Sprintf("%s is new (%s)", where, c.After)
	case Retyped, Word:
	}
	return fmt.Sprintf("%s was %s, is %s", where, c.Before, c.After)
}

// MaxChanges bounds what Compare returns.
const MaxChanges = 1000

// Compare returns how the bodies of after differ in shape from those of before: up to MaxChanges,
// in the order of the members. The result is never nil. Parts that a shape has not seen, such as
// the items of empty arrays, have not drifted.
func Compare(before, after *Shape) []Change {
	changes := []Change{}
	compare(&changes, "", before, after)
	return changes[:min(len(changes), MaxChanges)]
}

func compare(changes *[]Change, where string, before, after *Shape) {
	if before.seen == 0 || after.seen == 0 || len(*changes) > MaxChanges {
		return
	}
	add := func(at string, kind Kind, b, a string) { *changes = append(*changes, Change{at, kind, b, a}) }
	was, is := before.Types(), after.Types()
	if slices.ContainsFunc(is, func(t Type) bool { return !before.allows(t) }) {
		add(where, Retyped, join(was), join(is))
	}
	if words := before.vocabulary(); words != nil {
		for _, word := range after.unknownWords(words) {
			add(where, Word, quote(words), quote([]string{word}))
		}
	}
	if before.types[Object] > 0 && after.types[Object] > 0 {
		for _, name := range before.order {
			b, a, at := before.members[name], after.members[name], below(where, name)
			switch {
			case a != nil:
				if before.always(name) && !after.always(name) {
					add(at, Optional, join(b.Types()), join(a.Types()))
				}
				compare(changes, at, b, a)
			case before.always(name) && !after.more:
				add(at, Missing, join(b.Types()), "")
			}
		}
		for _, name := range after.order {
			if before.members[name] == nil && !before.more {
				add(below(where, name), New, "", join(after.members[name].Types()))
			}
		}
	}
	if before.items != nil && after.items != nil {
		compare(changes, where+"/*", before.items, after.items)
	}
}

// allows reports whether a value of that type occurred before.
func (s *Shape) allows(t Type) bool { return s.types[t] > 0 || t == Integer && s.types[Number] > 0 }

// unknownWords returns the strings that are not among words, sorted.
func (s *Shape) unknownWords(words []string) []string {
	var unknown []string
	for word := range s.words {
		if !slices.Contains(words, word) {
			unknown = append(unknown, word)
		}
	}
	slices.Sort(unknown)
	if s.tooManyWords {
		unknown = append(unknown, "…")
	}
	return unknown
}

func join(types []Type) string {
	texts := make([]string, len(types))
	for i, t := range types {
		texts[i] = string(t)
	}
	return strings.Join(texts, " or ")
}

func quote(words []string) string {
	texts := make([]string, len(words))
	for i, word := range words {
		texts[i] = fmt.Sprintf("%q", word)
	}
	return strings.Join(texts, " or ")
}

// below returns the pointer of a member.
func below(where, name string) string {
	return where + "/" + strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}
