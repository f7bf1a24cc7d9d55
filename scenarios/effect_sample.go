package scenarios

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// sample is the value of an effect at one time.
type sample struct {
	value  any
	err    error
	asked  string // the request or the command
	answer string // the response or the output; "" is none
}

func (s sample) String() string {
	if s.err != nil {
		return "not readable: " + s.err.Error() + s.source()
	}
	return textOf(s.value) + s.source()
}

// source describes the request or command, and the answer.
func (s sample) source() string {
	switch {
	case s.asked == "":
		return ""
	case s.answer == "":
		return "\n  asked: " + s.asked
	}
	return "\n  asked: " + s.asked + "\n  answer: " + s.answer
}

// samples summarises the samples of an effect.
type samples struct {
	is       *Is
	last     sample
	hasValue bool  // some sample had a value other than null
	checked  bool  // the condition could be evaluated on some sample
	problem  error // the last error of the condition
}

// add adds a sample and reports whether it satisfies the condition.
func (w *samples) add(ctx context.Context, s sample) bool {
	w.last = s
	if s.err != nil {
		return false
	}
	w.hasValue = w.hasValue || s.value != nil
	if w.is.JQ == "" {
		w.checked = true
		return equal(parsed(w.is.Eq), s.value)
	}
	out, err := first(ctx, string(w.is.JQ), s.value)
	if err != nil {
		w.problem = err
		return false
	}
	w.checked = true
	return out != nil && out != false
}

// nothingChecked reports whether the samples contained nothing that could be checked: every sample
// failed, the condition could not be evaluated, or the effect never had a value, neither now nor
// earlier in the run (known). Without any value, the effect may read the wrong thing.
func (w *samples) nothingChecked(known bool) bool {
	return !w.checked || !w.hasValue && !known && (w.is.JQ != "" || parsed(w.is.Eq) != nil)
}

// why returns the reason why nothing was checked.
func (w *samples) why() string {
	switch {
	case w.last.err != nil:
		return w.last.err.Error() + w.last.source()
	case !w.checked && w.problem != nil:
		return w.problem.Error() + w.last.source()
	}
	return "it never had a value" + w.last.source()
}

func (is *Is) String() string {
	if is.JQ != "" {
		return string(is.JQ)
	}
	return string(is.Eq)
}

// equal compares JSON values: 1 and 1.0 are equal.
func equal(a, b any) bool {
	if reflect.DeepEqual(a, b) {
		return true
	}
	plain := func(v any) (out any) {
		text, err := json.Marshal(v)
		if err != nil || json.Unmarshal(text, &out) != nil {
			return v
		}
		return out
	}
	return reflect.DeepEqual(plain(a), plain(b))
}

// sample reads the effect once and selects its value with jq.
func (r *run) sample(ctx context.Context, e Effect) sample {
	ctx, cancel := context.WithTimeout(ctx, sampleTimeout)
	defer cancel()
	var answer any
	var err error
	asked := ""
	switch {
	case e.HTTP != nil:
		asked = cmp.Or(e.HTTP.Method, http.MethodGet) + " " + e.HTTP.URL
		answer, err = r.ask(ctx, e.HTTP)
	case len(e.Exec) > 0:
		asked = strings.Join(e.Exec, " ")
		answer, err = execute(ctx, e.Exec)
	case e.SQL != nil:
		asked = e.SQL.Query
		answer, err = r.query(ctx, e.SQL)
	case e.Sink != nil:
		asked = "bin " + e.Sink.Bin
		answer, err = r.sink(ctx, e.Sink)
	default:
		asked = "the Go function " + e.Func
		var body any
		if body, err = r.options.Effects[e.Func](ctx); err == nil {
			text, marshalErr := json.Marshal(body)
			answer, err = map[string]any{"status": 0, "body": parsed(text)}, marshalErr
		}
	}
	if err != nil {
		return sample{err: err, asked: asked}
	}
	program := e.program()
	value, err := first(ctx, program, answer)
	return sample{value: value, err: err, asked: asked + ", jq " + program, answer: answered(answer)}
}

// program returns the jq program that selects the effect's value.
func (e *Effect) program() string {
	switch {
	case e.JQ != "":
		return string(e.JQ)
	case e.Sink != nil:
		return ".body | length"
	case e.SQL != nil:
		return "if (.body | length) == 1 and (.body[0] | length) == 1 then .body[0][] else .body end"
	}
	return ".body"
}

// number returns the value of the sample if it is a number.
func (s sample) number() (*big.Rat, bool) {
	if s.err != nil {
		return nil, false
	}
	switch v := s.value.(type) {
	case int, int64, float64, json.Number:
		return new(big.Rat).SetString(fmt.Sprint(v))
	}
	return nil, false
}

// equals returns the condition that the value is that number.
func equals(n *big.Rat) *Is {
	if n.IsInt() {
		return &Is{Eq: json.RawMessage(n.Num().String())}
	}
	nearest, _ := n.Float64() // 0.1 and 0.2 are 0.3
	return &Is{Eq: strconv.AppendFloat(nil, nearest, 'f', -1, 64)}
}

// eventually returns the condition that must be true at some time: eventually, or exactly.
func (o *Observation) eventually() *Is {
	if o.Exactly != nil {
		return &Is{Eq: o.Exactly}
	}
	return o.Eventually
}

// stable returns how long a condition must stay true once it is: with exactly and delta for a
// while, even if then_stable is not set.
func (o *Observation) stable() time.Duration {
	if o.Exactly != nil || o.Delta != nil {
		return o.ThenStable.or(defaultFor)
	}
	return time.Duration(o.ThenStable)
}

// answered returns the status and the body of an answer, for a report.
func answered(answer any) string {
	a, _ := answer.(map[string]any)
	status := ""
	if n, ok := a["status"].(int); ok && n != 0 {
		status = fmt.Sprint(n) + " "
	}
	return status + textOf(a["body"])
}
