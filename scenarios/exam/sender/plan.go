package sender

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver"
)

// Plan is how a bin provokes a sender: what it answers to each of the first events. The same
// options give the same plan.
type Plan struct {
	// Events are what the events get, the first event first.
	Events []Provocation `json:"events"`
	// Last is what one more event gets, to be sent when the others are delivered, because it ends
	// the endpoint. It is nil when the policy ends none.
	Last *Provocation `json:"last,omitempty"`
	// Notes are what to expect of the sender's policy, such as that it disables the endpoint.
	Notes []string `json:"notes,omitempty"`

	provider *fixtures.Provider
	secrets  []string
	url      string
}

// Provocation is what one event gets.
type Provocation struct {
	// Shows says in words what the event gets.
	Shows string `json:"shows"`
	// Responses are those to its attempts; the last one repeats.
	Responses []mockserver.Response `json:"responses"`
}

// redirected is the path, below the bin, that redirects lead to.
const redirected = "/hookrig-redirected"

// mostFailures is how often one event fails, for the schedule, when there is no time limit.
const mostFailures = 3

// NewPlan returns the plan for a sender. within is how long its events may take; the waits of the
// schedule that take longer are left out. 0 is no limit. Errors are those of Grade.
func NewPlan(o Options, within time.Duration) (Plan, error) {
	g, err := newGrading(nil, o)
	if err != nil {
		return Plan{}, err
	}
	p := Plan{provider: o.Provider, secrets: o.Secrets, url: o.URL}
	accepted := mockserver.Response{Status: g.accepted(), Body: g.rules.SuccessBody.Equals + g.rules.SuccessBody.Contains}
	once := func(shows string, r mockserver.Response) {
		p.Events = append(p.Events, Provocation{shows + ", then " + strconv.Itoa(accepted.Status), []mockserver.Response{r, accepted}})
	}
	status := func(status int) mockserver.Response { return mockserver.Response{Status: status} }
	p.Events = append(p.Events, Provocation{strconv.Itoa(accepted.Status), []mockserver.Response{accepted}})
	if n := g.failures(within); n > 0 {
		list := append(slices.Repeat([]mockserver.Response{status(500)}, n), accepted)
		p.Events = append(p.Events, Provocation{strings.Repeat("500, ", n) + "then " + strconv.Itoa(accepted.Status), list})
	} else {
		once("500", status(500))
	}
	if seconds := g.retryAfter(); seconds > 0 {
		r := status(503)
		r.Headers = map[string]string{"Retry-After": strconv.Itoa(seconds)}
		once(fmt.Sprintf("503 with Retry-After: %d", seconds), r)
	} else {
		once("503", status(503))
	}
	once("429", status(429))
	once("400", status(400))
	once("a reset connection", mockserver.Response{Reset: true})
	once("302", status(http.StatusFound))
	once("no response", mockserver.Response{Hang: true})
	for _, c := range g.retry.Control {
		if c.Does != fixtures.ActionDisable {
			r := status(500)
			r.Headers = map[string]string{c.Header: c.Value}
			once(fmt.Sprintf("500 with %s: %s", c.Header, c.Value), r)
		}
	}
	for _, code := range g.stops() {
		if g.neverRetried(fixtures.Failure{Kind: fixtures.FailedStatus, Status: code}) == "" {
			once(strconv.Itoa(code), status(code))
			continue
		}
		p.Events = append(p.Events, Provocation{strconv.Itoa(code), []mockserver.Response{status(code)}})
	}
	if code := g.ending(); code != 0 {
		p.Last = &Provocation{strconv.Itoa(code), []mockserver.Response{status(code)}}
	}
	p.Notes = g.expectations(len(p.Events))
	return p, nil
}

// expectations says what the policy does to an endpoint that fails as in a plan.
func (g *grading) expectations(events int) (notes []string) {
	for i := range g.rules.Disable {
		rule := &g.rules.Disable[i]
		action, _ := rule.Does()
		switch {
		case action == fixtures.ActionWarn:
		case rule.Ends(fixtures.Failure{Kind: fixtures.FailedStatus, Status: g.ending()}):
			notes = append(notes, "by the policy, the last event ends the endpoint: enable it again afterwards")
		case rule.Consecutive > 0 && rule.Consecutive < 2*events, rule.Failures > 0, rule.SuccessBelow > 0:
			notes = append(notes, fmt.Sprintf("by the policy, many failures %s the endpoint: send the next event when the one before is delivered", action))
		}
	}
	if g.rules.Ordering == "per_entity_fifo" {
		notes = append(notes, "by the policy, the events about one entity come in order: let two events in a row be about the same entity")
	}
	return slices.Compact(notes)
}

// accepted returns a status that is a success.
func (g *grading) accepted() int {
	for _, status := range []int{200, 201, 202, 204} {
		if g.rules.Accepts(status) {
			return status
		}
	}
	for status := 200; status < 600; status++ {
		if g.rules.Accepts(status) {
			return status
		}
	}
	return http.StatusOK
}

// failures returns how many failures in a row are retried within a time limit.
func (g *grading) failures(within time.Duration) int {
	total := time.Duration(0)
	for n := 1; n <= mostFailures; n++ {
		failed := fixtures.Failed{N: n, Failure: fixtures.Failure{Kind: fixtures.FailedStatus, Status: 500}, Since: total}
		next := g.retry.For("", failed.Failure).Next(failed, func() float64 { return 1 })
		total += next.Wait + g.tolerance(next.Wait)
		if !next.Again || within > 0 && total > within {
			return n - 1
		}
	}
	return mostFailures
}

// retryAfter returns the seconds of a Retry-After that makes the first wait differ from that of the
// schedule, or 0 when the policy does not respect it.
func (g *grading) retryAfter() int {
	if !g.honoursRetryAfter() {
		return 0
	}
	d := &delivery{attempts: []*attempt{{Capture: &mockserver.Capture{}, response: "503", known: true, failure: fixtures.Failure{Kind: fixtures.FailedStatus, Status: 503}}}}
	plain := g.after(d, 0)
	if !plain.again {
		return 0
	}
	for seconds := 1; ; seconds++ {
		asked := time.Duration(seconds) * time.Second
		if asked-early(asked) > plain.most+g.tolerance(plain.most) {
			return seconds
		}
	}
}

// stops returns a status for each entry of the policy that ends a delivery, and 410. It leaves out
// those that end the endpoint.
func (g *grading) stops() (list []int) {
	others := []int{302, 400, 429, 500, 503} // of every plan
	for _, word := range append(slices.Clone(g.retry.StopOn), strconv.Itoa(http.StatusGone)) {
		status, ok := fixtures.StatusOf(word)
		if ok && !slices.Contains(append(others, list...), status) && !g.ends(fixtures.Failure{Kind: fixtures.FailedStatus, Status: status}) {
			list = append(list, status)
		}
	}
	return list
}

// ending returns a status that ends the endpoint, 410 if that does, or 0.
func (g *grading) ending() int {
	words := []string{strconv.Itoa(http.StatusGone)}
	for i := range g.rules.Disable {
		words = append(words, g.rules.Disable[i].On...)
	}
	for _, word := range words {
		if status, ok := fixtures.StatusOf(word); ok && g.ends(fixtures.Failure{Kind: fixtures.FailedStatus, Status: status}) {
			return status
		}
	}
	return 0
}

// Script returns the responses of a bin with that URL, to the events and then to the last one.
func (p Plan) Script(binURL string) mockserver.Script {
	events := slices.Clone(p.Events)
	if p.Last != nil {
		events = append(events, *p.Last)
	}
	return script(binURL, events...)
}

// script returns the responses of a bin to events.
func script(binURL string, events ...Provocation) mockserver.Script {
	script := mockserver.Script{Rules: []mockserver.Rule{{Where: fmt.Sprintf(".path | endswith(%q)", redirected)}}}
	for _, e := range events {
		list := slices.Clone(e.Responses)
		for i := range list {
			if list[i].Status == http.StatusFound {
				list[i].Headers = map[string]string{"Location": strings.TrimSuffix(binURL, "/") + redirected}
			}
		}
		script.Deliveries = append(script.Deliveries, list)
	}
	return script
}

// Prepare makes a bin answer by the plan, from the next event on. Its other settings stay, but with
// secrets it verifies what arrives. It returns a function that restores the settings. Errors are
// those of Client.Change.
func (p Plan) Prepare(ctx context.Context, client *mockserver.Client, bin string) (restore func(context.Context) error, err error) {
	return p.prepare(ctx, client, bin, p.Script(client.BinURL(bin)))
}

func (p Plan) prepare(ctx context.Context, client *mockserver.Client, bin string, script mockserver.Script) (restore func(context.Context) error, err error) {
	before, err := client.Settings(ctx, bin)
	if err != nil {
		return nil, err
	}
	change := mockserver.SettingsChange{Responses: &script}
	if len(p.secrets) > 0 {
		change.Provider, change.Secrets, change.URL = &p.provider.Name, &p.secrets, &p.url
	}
	_, err = client.Change(ctx, bin, change)
	if errors.Is(err, mockserver.ErrInvalidBin) && change.Provider != nil {
		// The server may not know the provider. It then finds ids where common senders put them.
		_, err = client.Change(ctx, bin, mockserver.SettingsChange{Responses: &script})
	}
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		_, err := client.Change(ctx, bin, mockserver.SettingsChange{Provider: &before.Provider, Secrets: &before.Secrets, URL: &before.URL, Responses: &before.Responses})
		return err
	}, nil
}
