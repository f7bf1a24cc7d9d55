package scenarios

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"reflect"
	"strings"
	"time"
)

const (
	lookLimit  = 10 * time.Second      // of one look at an effect
	lookPause  = 25 * time.Millisecond // between two looks
	lookOutput = 1 << 20               // bytes of a reply or an output
)

// judgeEffect watches an effect: that it eventually is so, and that it never is.
func (r *run) judgeEffect(ctx context.Context, name string, o Observation, v *verdict) error {
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

func (r *run) eventually(ctx context.Context, name string, e Effect, is *Is, within time.Duration, v *verdict) error {
	var last look
	looked := false
	err := r.watch(ctx, e, within, func(l look) (bool, error) {
		last, looked = l, looked || l.err == nil
		return l.is(ctx, is)
	})
	switch {
	case err == nil:
		v.note("%s %s", name, is)
	case !errors.Is(err, errOver):
		return err
	case !looked:
		v.doubt("effect %s could not be seen within %s: %v", name, Duration(within), last.err)
	default:
		v.fail("effect %s: want eventually %s within %s, last it was %s", name, is, Duration(within), last)
	}
	return nil
}

func (r *run) never(ctx context.Context, name string, e Effect, is *Is, span time.Duration, v *verdict) error {
	var last look
	looked := false
	err := r.watch(ctx, e, span, func(l look) (bool, error) {
		last, looked = l, looked || l.err == nil
		return l.is(ctx, is)
	})
	switch {
	case err == nil:
		v.fail("effect %s: want never %s for %s, it was %s", name, is, Duration(span), last)
	case !errors.Is(err, errOver):
		return err
	case !looked:
		v.doubt("effect %s could not be seen for %s: %v", name, Duration(span), last.err)
	default:
		v.note("%s never %s for %s", name, is, Duration(span))
	}
	return nil
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
	value any
	err   error
}

func (l look) String() string {
	if l.err != nil {
		return "not to be seen: " + l.err.Error()
	}
	return clip(textOf(l.value))
}

// is says whether the effect was so. A look that failed was not; a condition that cannot be evaluated on it was not either.
func (l look) is(ctx context.Context, is *Is) (bool, error) {
	if l.err != nil {
		return false, nil
	}
	if is.JQ != "" {
		out, err := first(ctx, string(is.JQ), l.value)
		return err == nil && out != nil && out != false, nil
	}
	want := parsed(is.Eq)
	return equal(want, l.value), nil
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
	switch {
	case e.HTTP != nil:
		answer, err = ask(ctx, e.HTTP)
	case len(e.Exec) > 0:
		answer, err = execute(ctx, e.Exec)
	default:
		var body any
		if body, err = r.options.Effects[e.Func](ctx); err == nil {
			text, marshalErr := json.Marshal(body)
			answer, err = map[string]any{"status": 0, "body": parsed(text)}, marshalErr
		}
	}
	if err != nil {
		return look{err: err}
	}
	program := string(e.JQ)
	if program == "" {
		program = ".body"
	}
	value, err := first(ctx, program, answer)
	return look{value: value, err: err}
}

func ask(ctx context.Context, q *Request) (any, error) {
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
		Transport:     &http.Transport{DisableKeepAlives: true}, // no proxy, nothing left open
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
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
