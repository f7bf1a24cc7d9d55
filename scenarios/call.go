package scenarios

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/internal/clip"
	"github.com/hookrig/hookrig/mockserver"
)

// callTimeout is the time limit of a call in a step without a timeout.
const callTimeout = 10 * time.Second

// answer is the consumer's response to a call or to a delivery.
type answer struct {
	name      string // what it answers
	status    int    // 0 without a response
	headers   signature.Headers
	body      []byte
	truncated bool
	tookMS    float64
	problem   string // why there is no response
	unsent    bool   // the request was not sent
	late      bool   // there was no response in time
	exchange  *Exchange
}

// root returns the response for jq.
func (a *answer) root() map[string]any {
	headers := map[string]any{}
	for _, h := range a.headers {
		name := strings.ToLower(h.Name)
		list, _ := headers[name].([]any)
		headers[name] = append(list, h.Value)
	}
	return map[string]any{"status": a.status, "headers": headers, "body": parsed(a.body), "took_ms": a.tookMS}
}

// describe returns the status and the beginning of the body.
func (a *answer) describe() string {
	if a.status == 0 {
		return "no response: " + a.problem
	}
	if len(a.body) == 0 {
		return fmt.Sprint(a.status)
	}
	return fmt.Sprintf("%d (%q)", a.status, clip.Text(strings.ToValidUTF8(string(a.body), "�"), 200))
}

// call sends the request of a call step. Without an expectation on the response, it must be 2xx.
func (r *run) call(ctx context.Context, s *Step, record *stepRecord, v *result) error {
	limited := ctx
	if s.Timeout == 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, callTimeout)
		defer cancel()
	}
	q := Request{Method: s.Call.Method, URL: s.Call.URL, Headers: maps.Clone(s.Call.Headers), Body: s.Call.Body}
	if s.Call.JSON != nil {
		q.Body = string(s.Call.JSON)
		if q.Headers == nil {
			q.Headers = map[string]string{}
		}
		if !slices.ContainsFunc(keys(q.Headers), func(name string) bool { return strings.EqualFold(name, "Content-Type") }) {
			q.Headers["Content-Type"] = "application/json"
		}
	}
	if q.Method == "" && q.Body != "" {
		q.Method = http.MethodPost
	}
	a, err := r.request(limited, &q)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		if notDialled(err) {
			return fmt.Errorf("%w at %s: %w", ErrNoConsumer, q.URL, err)
		}
		if errors.Is(err, ErrNotAllowed) || a == nil {
			return err
		}
		a.problem = err.Error()
		if errors.Is(limited.Err(), context.DeadlineExceeded) {
			a.problem = "none within " + Duration(callTimeout).String()
		}
	}
	record.answers = append(record.answers, a)
	checked := slices.ContainsFunc(s.Expect, func(e Expectation) bool { return e.Response != nil && e.Response.Of == "" })
	switch {
	case checked:
		v.note("%s: %s", a.name, cmp.Or(a.problem, fmt.Sprint(a.status)))
	case a.status == 0 && limited.Err() != nil:
		v.inconclusive("%s: no response: %s", a.name, a.problem)
	case a.status < 200 || a.status > 299:
		v.fail("%s: want 2xx, got %s", a.name, a.describe())
	default:
		v.note("%s: %d", a.name, a.status)
	}
	return nil
}

// notDialled reports whether a request failed because no connection could be made.
func notDialled(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	return errors.As(err, &op) && op.Op == "dial" || errors.As(err, &dns)
}

// request sends an HTTP request, where the run may send it. With an error after the request was
// made, the answer has no status.
func (r *run) request(ctx context.Context, q *Request) (*answer, error) {
	if err := r.mayReach(q.URL); err != nil {
		return nil, err
	}
	guard, err := r.guard()
	if err != nil {
		return nil, err
	}
	method := cmp.Or(q.Method, http.MethodGet)
	request, err := http.NewRequestWithContext(ctx, method, q.URL, strings.NewReader(q.Body))
	if err != nil {
		return nil, err
	}
	sent := mockserver.Message{Method: method, Target: request.URL.RequestURI(), Version: "HTTP/1.1", Body: []byte(q.Body)}
	sent.Headers.Add("Host", request.URL.Host)
	for _, name := range keys(q.Headers) {
		request.Header.Set(name, q.Headers[name])
		sent.Headers.Add(name, q.Headers[name])
		if strings.EqualFold(name, "Host") {
			request.Host = q.Headers[name]
		}
	}
	transport := &http.Transport{DialContext: guard.Dial, DisableKeepAlives: true, TLSClientConfig: r.options.Trust.Config(), ForceAttemptHTTP2: true} // no proxy
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	a := &answer{name: method + " " + q.URL}
	start := time.Now()
	a.exchange = &Exchange{Name: "call " + a.name, At: start.UTC(), Request: sent}
	err = a.read(client.Do(request))
	a.tookMS = milliseconds(time.Since(start))
	a.exchange.TookMS, a.exchange.Status = a.tookMS, a.status
	if err != nil {
		err = mockserver.ExplainError(err)
		a.exchange.Reason = err.Error()
		return a, err
	}
	a.exchange.Response = &mockserver.AttemptResponse{Status: a.status, Headers: a.headers, Body: a.body, Truncated: a.truncated}
	return a, nil
}

// read reads the response to a request.
func (a *answer) read(response *http.Response, err error) error {
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxOutput+1))
	if err != nil {
		return err
	}
	a.truncated = len(body) > maxOutput
	a.status, a.body = response.StatusCode, bytes.Clone(body[:min(len(body), maxOutput)])
	for _, name := range keys(response.Header) {
		for _, value := range response.Header[name] {
			a.headers.Add(name, value)
		}
	}
	return nil
}

// answers returns the responses to a step: those to its calls, or the last one to each of its
// deliveries.
func (r *run) answers(ctx context.Context, record *stepRecord) ([]*answer, []mockserver.Delivery, error) {
	if len(record.answers) > 0 {
		return record.answers, nil, nil
	}
	list, err := r.awaitDeliveries(ctx, record.deliveries, &Deliveries{})
	if err != nil {
		return nil, nil, err
	}
	answers := make([]*answer, len(list))
	for i := range list {
		answers[i] = r.lastAnswer(&list[i])
	}
	return answers, list, nil
}

// lastAnswer returns the response to the last attempt of a delivery.
func (r *run) lastAnswer(d *mockserver.Delivery) *answer {
	a := &answer{name: r.deliveryName(d), problem: "no attempt was made", unsent: true}
	if len(d.Attempts) == 0 {
		return a
	}
	last := &d.Attempts[len(d.Attempts)-1]
	a.unsent, a.problem, a.tookMS = last.Outcome == mockserver.NotSent, cmp.Or(last.Error, string(last.Outcome)), last.TookMS
	a.late = last.Outcome == mockserver.NoResponse && strings.Contains(last.Error, " within ")
	if last.Outcome == mockserver.GotStatus {
		a.status, a.problem = last.Status, ""
	}
	if last.Response != nil {
		a.headers, a.body, a.truncated = last.Response.Headers, last.Response.Body, last.Response.Truncated
	}
	return a
}
