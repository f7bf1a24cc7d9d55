package scenarios

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/hookrig/hookrig/mockserver"
)

const (
	lookLimit  = 10 * time.Second      // of one look at an effect
	lookPause  = 25 * time.Millisecond // between two looks
	lookOutput = 1 << 20               // bytes of a response or an output
)

// checkEffect watches an effect: that it eventually is so, and that it never is.
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

// effect returns an effect with its references resolved as they are now.
func (r *run) effect(name string) (Effect, error) {
	e := r.scenario.Effects[name]
	if n := child(child(r.scenario.root, "effects"), name); n != nil {
		e = Effect{}
		if err := r.again(n, &e); err != nil {
			return e, err
		}
	}
	if e.Func != "" && r.options.Effects[e.Func] == nil {
		return e, fmt.Errorf("effect %s needs the Go function %q, which the run was not given", name, e.Func)
	}
	return e, nil
}

func (r *run) eventually(ctx context.Context, name string, e Effect, is *Is, within time.Duration, v *result) error {
	w := watched{is: is}
	err := r.watch(ctx, e, within, func(l look) (bool, error) { return w.see(ctx, l), nil })
	r.seen[name] = r.seen[name] || w.valued
	switch {
	case err == nil:
		v.note("%s %s", name, is)
	case !errors.Is(err, errOver):
		return err
	case w.blind(r.seen[name]):
		v.inconclusive("effect %s could not be checked within %s: %s", name, Duration(within), w.why())
	default:
		v.fail("effect %s: want eventually %s within %s, last it was %s", name, is, Duration(within), w.last)
	}
	return nil
}

func (r *run) never(ctx context.Context, name string, e Effect, is *Is, span time.Duration, v *result) error {
	w := watched{is: is}
	err := r.watch(ctx, e, span, func(l look) (bool, error) { return w.see(ctx, l), nil })
	r.seen[name] = r.seen[name] || w.valued
	switch {
	case err == nil:
		v.fail("effect %s: want never %s for %s, it was %s", name, is, Duration(span), w.last)
	case !errors.Is(err, errOver):
		return err
	case w.blind(r.seen[name]):
		v.inconclusive("effect %s could not be checked for %s: %s", name, Duration(span), w.why())
	default:
		v.note("%s never %s for %s", name, is, Duration(span))
	}
	return nil
}

// watched is what the looks at an effect found.
type watched struct {
	is      *Is
	last    look
	valued  bool  // some look had a value other than null
	checked bool  // the condition could be evaluated on some look
	problem error // why it could not, the last time
}

// see takes a look into account and says whether the effect was as the condition wants it.
func (w *watched) see(ctx context.Context, l look) bool {
	w.last = l
	if l.err != nil {
		return false
	}
	w.valued = w.valued || l.value != nil
	if w.is.JQ == "" {
		w.checked = true
		return equal(parsed(w.is.Eq), l.value)
	}
	out, err := first(ctx, string(w.is.JQ), l.value)
	if err != nil {
		w.problem = err
		return false
	}
	w.checked = true
	return out != nil && out != false
}

// blind says whether the looks showed nothing that could be checked: every one failed, the condition could not be evaluated, or the
// effect never had a value, here or before (known), so that it may as well be a probe that asks for the wrong thing.
func (w *watched) blind(known bool) bool {
	return !w.checked || !w.valued && !known && (w.is.JQ != "" || parsed(w.is.Eq) != nil)
}

// why says what the last look found instead of something to check.
func (w *watched) why() string {
	switch {
	case w.last.err != nil:
		return w.last.err.Error() + w.last.from()
	case !w.checked && w.problem != nil:
		return w.problem.Error() + w.last.from()
	}
	return "it never had a value" + w.last.from()
}

var errOver = errors.New("time is over")

// watch looks again and again until seen says true, or errOver after a time. It looks once more at the end of it.
func (r *run) watch(ctx context.Context, e Effect, span time.Duration, seen func(look) (bool, error)) error {
	end := time.NewTimer(span)
	defer end.Stop()
	tick := time.NewTicker(lookPause)
	defer tick.Stop()
	over := false
	for {
		l := r.look(ctx, e)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if done, err := seen(l); done || err != nil {
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

// look is one look at an effect.
type look struct {
	value  any
	err    error
	asked  string // what was asked: a request or a command
	answer string // what came of it; "" is nothing
}

func (l look) String() string {
	if l.err != nil {
		return "not to be seen: " + l.err.Error() + l.from()
	}
	return textOf(l.value) + l.from()
}

// from says what was asked, and what the answer was.
func (l look) from() string {
	switch {
	case l.asked == "":
		return ""
	case l.answer == "":
		return "\n  asked: " + l.asked
	}
	return "\n  asked: " + l.asked + "\n  answer: " + l.answer
}

func (is *Is) String() string {
	if is.JQ != "" {
		return string(is.JQ)
	}
	return string(is.Eq)
}

// equal compares values as JSON does: 1 and 1.0 are the same number.
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

// look asks the effect's source and takes what matters out of the answer.
func (r *run) look(ctx context.Context, e Effect) look {
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
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
		return look{err: err, asked: asked}
	}
	program := string(e.JQ)
	if program == "" {
		program = ".body"
	}
	value, err := first(ctx, program, answer)
	return look{value: value, err: err, asked: asked + ", jq " + program, answer: answered(answer)}
}

// answered writes an answer for a report: its status and its body.
func answered(answer any) string {
	a, _ := answer.(map[string]any)
	status := ""
	if n, ok := a["status"].(int); ok && n != 0 {
		status = fmt.Sprint(n) + " "
	}
	return status + textOf(a["body"])
}

// ErrExec says that a scenario runs a program, which its run was not allowed to do.
var ErrExec = errors.New("running programs is not allowed")

// Programs lists the effects that run programs, in order.
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

// ask asks by HTTP, as far as the guard lets it.
func (r *run) ask(ctx context.Context, q *Request) (any, error) {
	dial := r.options.Dial
	if dial == nil {
		guard, err := mockserver.NewGuard(nil)
		if err != nil {
			return nil, err
		}
		dial = guard.Dial
	}
	method := q.Method
	if method == "" {
		method = http.MethodGet
	}
	request, err := http.NewRequestWithContext(ctx, method, q.URL, strings.NewReader(q.Body))
	if err != nil {
		return nil, err
	}
	for name, value := range q.Headers {
		request.Header.Set(name, value)
	}
	client := &http.Client{
		Transport:     &http.Transport{DialContext: dial, DisableKeepAlives: true, TLSClientConfig: r.options.Trust.Config(), ForceAttemptHTTP2: true}, // no proxy, nothing left open
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, mockserver.ExplainError(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, lookOutput))
	if err != nil {
		return nil, err
	}
	headers := map[string]any{}
	for name, values := range response.Header {
		list := make([]any, len(values))
		for i := range values {
			list[i] = values[i]
		}
		headers[strings.ToLower(name)] = list
	}
	return map[string]any{"status": response.StatusCode, "headers": headers, "body": parsed(body)}, nil
}

func execute(ctx context.Context, command []string) (any, error) {
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdout = &limited{to: &out, left: lookOutput}
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		return nil, fmt.Errorf("%s: %w", command[0], errors.Join(err, ctx.Err()))
	}
	return map[string]any{"status": cmd.ProcessState.ExitCode(), "headers": map[string]any{}, "body": parsed(bytes.TrimSpace(out.Bytes()))}, nil
}

// limited keeps so many bytes and forgets the others.
type limited struct {
	to   *bytes.Buffer
	left int
}

func (l *limited) Write(b []byte) (int, error) {
	kept := b[:min(len(b), l.left)]
	l.left -= len(kept)
	l.to.Write(kept)
	return len(b), nil
}
