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

	"github.com/hookrig/hookrig/internal/content"
	"github.com/hookrig/hookrig/internal/jq"
	"github.com/hookrig/hookrig/internal/terminal"
)

// HaveJSON succeeds when the jq expression gives the value. Its root is the request, as everywhere
// in hookrig: .method .path .query .params .headers .body .form .parts; the body is decoded (gzip,
// character sets). Bytes and strings are taken as a body. The value may be a matcher; one that
// cannot match the type of the result does not match, and the failure says why. Numbers are
// compared exactly, whatever their size; 1 equals 1.0.
//
//	HaveJSON(".body.data.customer.email", "ada@example.com")
//	HaveJSON(".body.data.items | length", BeNumerically(">", 1))
//	HaveJSON(".form.CallSid", "CA1")
func HaveJSON(expression string, want any) types.GomegaMatcher {
	m := &jsonMatcher{expression: expression, want: want}
	query, err := jq.Parse(expression)
	if err == nil {
		err = content.CheckPaths(query)
	}
	if err == nil {
		m.program, err = jq.Compile(query, jq.Limits{})
	}
	if err != nil {
		m.err = fmt.Errorf("HaveJSON: jq expression %q: %w", expression, err)
		return m
	}
	if _, ok := want.(types.GomegaMatcher); !ok {
		if _, err := normal(want); err != nil {
			m.err = fmt.Errorf("HaveJSON: the value %#v cannot be written as JSON: %w", want, err)
		}
	}
	return m
}

type jsonMatcher struct {
	expression string
	want       any
	program    *jq.Program
	err        error // the matcher's own mistake

	got     any
	problem string // why there is nothing to compare
}

func (m *jsonMatcher) wrong() error { return m.err }

// MatchMayChangeInTheFuture tells Eventually to stop at once when the matcher itself is wrong.
func (m *jsonMatcher) MatchMayChangeInTheFuture(any) bool { return m.err == nil }

func (m *jsonMatcher) String() string {
	return fmt.Sprintf("HaveJSON(%q, %s)", m.expression, m.wanted())
}

func (m *jsonMatcher) Match(actual any) (bool, error) {
	if m.err != nil {
		return false, m.err
	}
	message, err := messageOf("HaveJSON", actual)
	if err != nil {
		return false, err
	}
	m.got, m.problem = nil, ""
	var got any
	m.problem = "the expression gave nothing"
	err = m.program.Run(context.Background(), content.Root(message, content.Ample), func(v any) bool {
		got, m.problem = v, ""
		return false
	})
	if err != nil {
		m.problem = err.Error()
	}
	if m.problem != "" {
		return false, nil
	}
	m.got = got
	if sub, ok := m.want.(types.GomegaMatcher); ok {
		matched, err := sub.Match(plain(got))
		if err != nil {
			m.problem = fmt.Sprintf("it is %s: %s", text(got), firstLine(err))
			return false, nil
		}
		return matched, nil
	}
	want, err := normal(m.want)
	if err == nil {
		got, err = normal(got)
	}
	return err == nil && equal(want, got), err
}

// firstLine returns the first line of an error. Gomega's errors continue with a dump of the value.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return strings.TrimRight(line, ": ")
}

func (m *jsonMatcher) FailureMessage(any) string {
	if m.problem != "" {
		return terminal.Text(fmt.Sprintf("expected %s to be %s, but %s", m.expression, m.wanted(), m.problem))
	}
	return terminal.Text(fmt.Sprintf("expected %s to be %s, got %s", m.expression, m.wanted(), text(m.got)))
}

func (m *jsonMatcher) NegatedFailureMessage(any) string {
	return fmt.Sprintf("expected %s not to be %s", m.expression, m.wanted())
}

func (m *jsonMatcher) wanted() string {
	if sub, ok := m.want.(types.GomegaMatcher); ok {
		return nameOf(sub)
	}
	return text(m.want)
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

// plain converts a number to int64 or float64 for matchers such as BeNumerically, or to text if it
// fits neither.
func plain(v any) any {
	number, ok := v.(json.Number)
	if !ok {
		return v
	}
	if i, err := number.Int64(); err == nil {
		return i
	}
	if f, err := number.Float64(); err == nil {
		return f
	}
	return number.String()
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
