package matchers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/itchyny/gojq"
	"github.com/onsi/gomega/types"
)

// queryLimit bounds one evaluation of a jq expression: an expression can loop for ever.
const queryLimit = time.Second

// HaveJSON succeeds when the jq expression, over the body of a capture or message (or over bytes), gives the value.
// The value may be a matcher. Numbers are compared exactly, whatever their size; 1 equals 1.0.
//
//	HaveJSON(".data.customer.email", "ada@example.com")
//	HaveJSON(".data.items | length", 2)
func HaveJSON(expression string, want any) types.GomegaMatcher {
	m := &jsonMatcher{expression: expression, want: want}
	query, err := gojq.Parse(expression)
	if err != nil {
		m.err = fmt.Errorf("HaveJSON: jq expression %q: %w", expression, err)
		return m
	}
	if m.code, err = gojq.Compile(query); err != nil {
		m.err = fmt.Errorf("HaveJSON: jq expression %q: %w", expression, err)
	}
	return m
}

type jsonMatcher struct {
	expression string
	want       any
	code       *gojq.Code
	err        error // why the expression is wrong

	got     any
	problem string // why there is nothing to compare
}

func (m *jsonMatcher) Match(actual any) (bool, error) {
	if m.err != nil {
		return false, m.err
	}
	body, err := bodyOf("HaveJSON", actual)
	if err != nil {
		return false, err
	}
	m.got, m.problem = nil, ""
	document, err := decode(body)
	if err != nil {
		m.problem = "the body is not JSON: " + err.Error()
		return false, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), queryLimit)
	defer cancel()
	results := m.code.RunWithContext(ctx, document)
	got, ok := results.Next()
	if !ok {
		m.problem = "the expression gave nothing"
		return false, nil
	}
	if err, failed := got.(error); failed {
		m.problem = err.Error()
		return false, nil
	}
	m.got = got
	if sub, ok := m.want.(types.GomegaMatcher); ok {
		return sub.Match(plain(got))
	}
	want, err := normal(m.want)
	if err != nil {
		return false, fmt.Errorf("HaveJSON: the value %#v cannot stand in JSON: %w", m.want, err)
	}
	got, err = normal(got)
	return err == nil && equal(want, got), err
}

func (m *jsonMatcher) FailureMessage(any) string {
	if m.problem != "" {
		return fmt.Sprintf("expected %s to be %s, but %s", m.expression, m.wanted(), m.problem)
	}
	return fmt.Sprintf("expected %s to be %s, got %s", m.expression, m.wanted(), text(m.got))
}

func (m *jsonMatcher) NegatedFailureMessage(any) string {
	return fmt.Sprintf("expected %s not to be %s", m.expression, m.wanted())
}

func (m *jsonMatcher) wanted() string {
	if sub, ok := m.want.(types.GomegaMatcher); ok {
		return fmt.Sprintf("matched by %T", sub)
	}
	return text(m.want)
}

// decode reads one JSON value, numbers as they are written.
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

// normal brings a value to the form that decode gives.
func normal(v any) (any, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return decode(raw)
}

// plain gives numbers the type that matchers such as BeNumerically compare: float64, or the number's text when a
// float64 would round it.
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
