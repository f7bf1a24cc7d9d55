package diff

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// Kind is how two requests differ in one place.
type Kind string

// The kinds. The last four do not change the meaning.
const (
	Added   Kind = "added"   // only the second has it
	Removed Kind = "removed" // only the first has it
	Changed Kind = "changed" // both have it, with different values
	Case    Kind = "case"    // a header's name in different case
	Order   Kind = "order"   // the same lines or keys in a different order
	// the same JSON value in different notation: 1.0 for 1, "\/" for "/"
	Spelling   Kind = "spelling"
	Whitespace Kind = "whitespace" // the same JSON tokens with different white space
)

// Difference is one place in which two requests differ.
type Difference struct {
	// Where is method, target, version, "header NAME" (with #2 for the second of that name),
	// headers, or body. A JSON body adds the pointer: "body /items/0/id". Text adds the line, "body
	// line 3", and bytes the offset, "body byte 17".
	Where string `json:"where" doc:"method, target, version, header NAME, headers, or body with a JSON pointer, a line or an offset"`
	Kind  Kind   `json:"kind" enum:"added,removed,changed,case,order,spelling,whitespace" doc:"how it differs; the last four do not change the meaning"`
	// Before and After are the values there, JSON as written; nil is no value. Long values are cut.
	Before *string `json:"before" doc:"the value in the first request, JSON as written; null for none"`
	After  *string `json:"after" doc:"the value in the second request"`
}

// Result is how two requests differ.
type Result struct {
	// SameBytes reports whether they are the same on the wire, byte for byte.
	SameBytes bool `json:"same_bytes" doc:"whether the requests are the same, byte for byte"`
	// SameMeaning reports whether they differ only in case, order, spelling and white space.
	SameMeaning bool         `json:"same_meaning" doc:"whether they differ in case, order, spelling and white space at most"`
	Differences []Difference `json:"differences" doc:"the differences, from the request line to the body"`
	// Omitted counts the differences beyond MaxDifferences.
	Omitted int `json:"omitted" doc:"how many more differences there are"`
}

// Bounds of a result.
const (
	MaxDifferences = 1000
	maxText        = 4 << 10 // of Before and of After, in bytes
)

// Messages compares two requests. Differences is never nil.
func Messages(before, after wire.Message) Result {
	c := comparison{}
	c.text("method", before.Method, after.Method)
	c.text("target", before.Target, after.Target)
	c.text("version", before.Version, after.Version)
	c.headers(before.Headers, after.Headers)
	c.body(before.Body, after.Body)
	r := Result{Differences: c.found, Omitted: c.omitted, SameMeaning: !c.otherMeaning}
	if r.Differences == nil {
		r.Differences = []Difference{}
	}
	r.SameBytes = bytes.Equal(wire.Append(nil, before), wire.Append(nil, after))
	return r
}

// comparison collects differences.
type comparison struct {
	found        []Difference
	omitted      int
	otherMeaning bool
}

func (c *comparison) add(where string, kind Kind, before, after *string) {
	switch kind {
	case Added, Removed, Changed:
		c.otherMeaning = true
	case Case, Order, Spelling, Whitespace:
	}
	if len(c.found) == MaxDifferences {
		c.omitted++
		return
	}
	c.found = append(c.found, Difference{where, kind, clip(before), clip(after)})
}

func (c *comparison) text(where, before, after string) {
	if before != after {
		c.add(where, Changed, &before, &after)
	}
}

// body compares as JSON if both are JSON, else as text, else as bytes.
func (c *comparison) body(before, after []byte) {
	switch {
	case bytes.Equal(before, after):
	case len(before) == 0:
		c.add("body", Added, nil, textOf(after))
	case len(after) == 0:
		c.add("body", Removed, textOf(before), nil)
	case json.Valid(before) && json.Valid(after):
		c.json(before, after)
	case utf8.Valid(before) && utf8.Valid(after):
		c.lines(before, after)
	default:
		c.bytes(before, after)
	}
}

// clip cuts a long text.
func clip(s *string) *string {
	if s == nil || len(*s) <= maxText {
		return s
	}
	end := maxText
	for end > 0 && !utf8.RuneStart((*s)[end]) {
		end--
	}
	cut := (*s)[:end] + "…"
	return &cut
}
