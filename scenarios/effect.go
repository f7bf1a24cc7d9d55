package scenarios

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"time"
)

const (
	sampleTimeout  = 10 * time.Second // of one sample
	sampleInterval = 25 * time.Millisecond
	maxOutput      = 1 << 20 // bytes of a response or of a command's output
)

// checkEffect checks the conditions eventually and never of an effect.
func (r *run) checkEffect(ctx context.Context, name string, o Observation, v *result) error {
	e, err := r.effect(name)
	if err != nil {
		return err
	}
	if o.Eventually != nil {
		if err := r.eventually(ctx, name, e, o.Eventually, o.Within.or(defaultWithin), v); err != nil {
			return err
		}
	}
	if o.Never != nil {
		return r.never(ctx, name, e, o.Never, o.For.or(defaultFor), v)
	}
	return nil
}

// effect returns an effect with its references resolved.
func (r *run) effect(name string) (Effect, error) {
	e := r.scenario.Effects[name]
	if n := child(child(r.scenario.root, "effects"), name); n != nil {
		e = Effect{}
		if err := r.decode(r.scenario.file, n, &e); err != nil {
			return e, err
		}
	}
	if e.Func != "" && r.options.Effects[e.Func] == nil {
		return e, fmt.Errorf("effect %s needs the Go function %q, which is missing from Options.Effects", name, e.Func)
	}
	return e, nil
}

func (r *run) eventually(ctx context.Context, name string, e Effect, is *Is, within time.Duration, v *result) error {
	w := samples{is: is}
	err := r.watch(ctx, e, within, func(s sample) (bool, error) { return w.add(ctx, s), nil })
	r.effectSeen[name] = r.effectSeen[name] || w.hasValue
	switch {
	case err == nil:
		v.note("%s %s", name, is)
	case !errors.Is(err, errOver):
		return err
	case w.nothingChecked(r.effectSeen[name]):
		v.inconclusive("effect %s could not be checked within %s: %s", name, Duration(within), w.why())
	default:
		v.fail("effect %s: want eventually %s within %s, got %s", name, is, Duration(within), w.last)
	}
	return nil
}

func (r *run) never(ctx context.Context, name string, e Effect, is *Is, span time.Duration, v *result) error {
	w := samples{is: is}
	err := r.watch(ctx, e, span, func(s sample) (bool, error) { return w.add(ctx, s), nil })
	r.effectSeen[name] = r.effectSeen[name] || w.hasValue
	switch {
	case err == nil:
		v.fail("effect %s: want never %s for %s, got %s", name, is, Duration(span), w.last)
	case !errors.Is(err, errOver):
		return err
	case w.nothingChecked(r.effectSeen[name]):
		v.inconclusive("effect %s could not be checked for %s: %s", name, Duration(span), w.why())
	default:
		v.note("%s never %s for %s", name, is, Duration(span))
	}
	return nil
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

var errOver = errors.New("the time limit is reached")

// watch samples an effect until done returns true. It returns errOver after span, with one more
// sample at the end.
func (r *run) watch(ctx context.Context, e Effect, span time.Duration, done func(sample) (bool, error)) error {
	end := time.NewTimer(span)
	defer end.Stop()
	tick := time.NewTicker(sampleInterval)
	defer tick.Stop()
	over := false
	for {
		s := r.sample(ctx, e)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if ok, err := done(s); ok || err != nil {
			return err
		}
		if over {
			return errOver
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-end.C:
			over = true
		case <-tick.C:
		}
	}
}

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
	program := string(e.JQ)
	if program == "" {
		program = ".body"
	}
	value, err := first(ctx, program, answer)
	return sample{value: value, err: err, asked: asked + ", jq " + program, answer: answered(answer)}
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

// Programs returns the names of the effects that run programs, sorted.
func (s *Scenario) Programs() []string {
	var names []string
	for name, e := range s.Effects {
		if len(e.Exec) > 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// ask sends the HTTP request of an effect.
func (r *run) ask(ctx context.Context, q *Request) (any, error) {
	a, err := r.request(ctx, q)
	if err != nil {
		return nil, err
	}
	return a.root(), nil
}

func execute(ctx context.Context, command []string) (any, error) {
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdout = &limited{to: &out, left: maxOutput}
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		return nil, fmt.Errorf("%s: %w", command[0], errors.Join(err, ctx.Err()))
	}
	return map[string]any{"status": cmd.ProcessState.ExitCode(), "headers": map[string]any{}, "body": parsed(bytes.TrimSpace(out.Bytes()))}, nil
}

// limited writes the first bytes to a buffer and discards the rest.
type limited struct {
	to   *bytes.Buffer
	left int
}

func (l *limited) Write(b []byte) (int, error) {
	first := b[:min(len(b), l.left)]
	l.left -= len(first)
	l.to.Write(first)
	return len(b), nil
}
