package matchers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/onsi/gomega/types"

	"github.com/hookrig/hookrig/internal/clip"
	"github.com/hookrig/hookrig/internal/content"
	"github.com/hookrig/hookrig/internal/jq"
	"github.com/hookrig/hookrig/internal/terminal"
)

// HaveJSON succeeds when the jq expression gives the value. Its root is the request, as everywhere
// in hookrig: .method .path .query .params .headers .body .form .parts; the body is decoded (gzip,
// character sets). Bytes and strings are taken as a body. Numbers are compared exactly, whatever
// their size; 1 equals 1.0. An expression that gives several values is an error: put it in [ ].
//
// The value may be a matcher; one that cannot match the type of the result does not match, and the
// failure says why. A matcher gets nil, bool, string, []any or map[string]any, and of a number,
// also inside of a list or object, an int (1.0 too) or a float64. An integer beyond int, and a
// number beyond float64, is a string with its digits.
//
//	HaveJSON(".body.data.customer.email", "ada@example.com")
//	HaveJSON(".body.data.items | length", BeNumerically(">", 1))
//	HaveJSON(".body.data.sizes", ConsistOf(38, 42))
//	HaveJSON(".form.CallSid", "CA1")
func HaveJSON(expression string, want any) types.GomegaMatcher {
	wanted := wantedJSON{value: want}
	wanted.matcher, _ = want.(types.GomegaMatcher)
	c := &condition{subject: expression, to: wanted.to(), name: fmt.Sprintf("HaveJSON(%q, %s)", expression, wanted), calls: wanted.matcher != nil}
	program, err := compileJQ(expression)
	switch {
	case err != nil:
		c.err = fmt.Errorf("HaveJSON: jq expression %q: %w", expression, err)
	case wanted.matcher != nil:
		c.err = wrongOf(wanted.matcher)
	default:
		if _, err := normal(want); err != nil {
			c.err = fmt.Errorf("HaveJSON: the value cannot be written as JSON: %w", err)
		}
	}
	c.check = func(actual any) (string, bool, error) {
		message, err := messageOf("HaveJSON", actual)
		if err != nil {
			return "", false, err
		}
		var got []any
		err = program.Run(context.Background(), content.Root(message, content.Ample), func(v any) bool {
			got = append(got, v)
			return len(got) <= shown
		})
		switch {
		case errors.Is(err, jq.ErrSlow), errors.Is(err, jq.ErrLarge):
			return "", false, unclear{fmt.Errorf("the expression %s %w", expression, err)}
		case err != nil:
			return "but the expression failed: " + err.Error(), false, nil
		case len(got) == 0:
			return "but the expression gave nothing", false, nil
		case len(got) > 1:
			return "", false, unclear{fmt.Errorf("the expression %s gave several values (%s): put it in [ ] to compare the list", expression, some(got))}
		}
		found, matched := wanted.compare(got[0])
		if wanted.matcher != nil {
			c.explain = func() string { return found + otherType(wanted.matcher, got[0]) }
		}
		return found, matched, nil
	}
	return c
}

// some writes the first values of a list.
func some(values []any) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = text(v)
	}
	if len(texts) > shown {
		texts = append(texts[:shown], "…")
	}
	return terminal.Text(clip.Text(strings.Join(texts, ", "), 200))
}

// compileJQ compiles an expression over a request.
func compileJQ(expression string) (*jq.Program, error) {
	query, err := jq.Parse(expression)
	if err == nil {
		err = content.CheckPaths(query)
	}
	if err != nil {
		return nil, err
	}
	return jq.Compile(query, jq.Limits{})
}

// wantedJSON is what a JSON value must be: an equal value, or what a matcher accepts.
type wantedJSON struct {
	value   any
	matcher types.GomegaMatcher
}

// compare returns whether a value is as wanted, and what it is.
func (w wantedJSON) compare(got any) (found string, matched bool) {
	found = "got " + text(got)
	if w.matcher != nil {
		matched, err := w.matcher.Match(plain(got))
		if err != nil {
			return fmt.Sprintf("but it is %s: %s", text(got), firstLine(err)), false
		}
		return found, matched
	}
	want, errWant := normal(w.value)
	given, errGot := normal(got)
	return found, errWant == nil && errGot == nil && equal(want, given)
}

// to says what a value must do, in a sentence.
func (w wantedJSON) to() string {
	if w.matcher != nil {
		return "match " + w.String()
	}
	return "be " + w.String()
}

func (w wantedJSON) String() string {
	if w.matcher != nil {
		return nameOf(w.matcher)
	}
	return text(w.value)
}

// decode reads one JSON value with exact numbers.
func decode(body []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var document any
	if err := dec.Decode(&document); err != nil {
		return nil, err
	}
	if dec.More() {
		return nil, errors.New("more than one value")
	}
	return document, nil
}

// normal converts a value to the form that decode returns.
func normal(v any) (any, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return decode(raw)
}

func equal(a, b any) bool {
	switch a := a.(type) {
	case json.Number:
		b, ok := b.(json.Number)
		if !ok {
			return false
		}
		x, okX := new(big.Rat).SetString(a.String())
		y, okY := new(big.Rat).SetString(b.String())
		return okX && okY && x.Cmp(y) == 0
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !equal(a[i], b[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for name := range a {
			other, ok := b[name]
			if !ok || !equal(a[name], other) {
				return false
			}
		}
		return true
	default:
		return a == b
	}
}

// text writes a value as JSON, without HTML escapes.
func text(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	return string(bytes.TrimSpace(b.Bytes()))
}
