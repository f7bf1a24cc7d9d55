package consumers_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/suites/acceptance/consumers"
)

// first is the event of each provider that the tests send.
var first = map[string]string{
	"neostore": "Pass:Created", "subscribfy": "membership/created", "ethpass": "pass:create",
	"stripe": "customer.created", "github": "issues.opened", "orders": "payment.succeeded",
}

const secret = "whsec_R1ghtR1ghtR1ght"

// link is a consumer and a provider that sends to it.
type link struct {
	t        *testing.T
	options  consumers.Options
	program  *consumers.Program // nil is the consumer in Go, but for
	outside  *consumers.Outside // a consumer of others
	base     string             // the consumer's address
	server   *mockserver.Server
	provider *mockserver.Provider
	limit    time.Duration // of an attempt
}

// linked starts a consumer and registers it with a provider.
func linked(t *testing.T, o consumers.Options) *link {
	t.Helper()
	return (&link{t: t, options: o, limit: 20 * time.Second}).start()
}

func (l *link) start() *link {
	l.t.Helper()
	l.server = mockserver.StartT(l.t, mockserver.Options{Seed: 1, Catalogue: catalogue(l.t)})
	switch {
	case l.program != nil:
		l.base = l.program.StartT(l.t, l.options)
	case l.outside != nil:
		l.base = l.outside.StartT(l.t, secret)
		l.do(must(http.NewRequestWithContext(l.t.Context(), http.MethodPost, l.base+"/arm", nil))(l.t))
	default:
		l.base = consumers.StartT(l.t, l.options)
	}
	l.provider = l.server.Provider(l.options.Provider)
	l.register(secret)
	return l
}

// catalogue has the provider orders too.
func catalogue(t *testing.T) *fixtures.Catalogue {
	t.Helper()
	orders := must(fixtures.Load(consumers.OrdersFS(), "orders"))(t)
	return must(fixtures.Builtin().Join(orders))(t)
}

// register registers the consumer as an endpoint with these secrets.
func (l *link) register(secrets ...string) mockserver.Endpoint {
	l.t.Helper()
	e := mockserver.Endpoint{URL: l.base + "/hooks", Secrets: secrets, Timeout: mockserver.Duration(l.limit)}
	if l.options.Provider == "neostore" {
		e.Events = []string{"*"}
	}
	return must(l.provider.Register(l.t.Context(), e))(l.t)
}

// must ends the test at an error.
func must[V any](v V, err error) func(*testing.T) V {
	return func(t *testing.T) V {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// emit sends the first event with faults and returns the status of each attempt.
func (l *link) emit(faults ...string) string {
	l.t.Helper()
	words := strings.Fields(l.statuses(must(l.provider.Emit(l.t.Context(), first[l.options.Provider], faults...))(l.t)))
	slices.Sort(words) // copies arrive in any order
	return strings.Join(words, " ")
}

// statuses waits for the deliveries and returns the status of each attempt; 0 is no response.
func (l *link) statuses(list []mockserver.Delivery) string {
	l.t.Helper()
	var words []string
	for _, d := range l.settled(list) {
		for _, a := range d.Attempts {
			words = append(words, fmt.Sprint(a.Status))
		}
	}
	return strings.Join(words, " ")
}

// settled waits until the deliveries were sent.
func (l *link) settled(list []mockserver.Delivery) []mockserver.Delivery {
	l.t.Helper()
	if err := l.server.Client().WaitIdle(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
	for i := range list {
		list[i] = must(l.server.Client().Delivery(l.t.Context(), list[i].ID))(l.t)
	}
	return list
}

// known is the provider's data.
func (l *link) known() *fixtures.Provider {
	l.t.Helper()
	return must(catalogue(l.t).Provider(l.options.Provider))(l.t)
}

// event renders the first event.
func (l *link) event(index uint64) fixtures.Event {
	l.t.Helper()
	return must(l.known().Render(fixtures.Draw{Seed: 1, Index: index}, first[l.options.Provider], fixtures.RenderOptions{}))(l.t)
}

// request returns the signed request of an event.
func (l *link) request(e fixtures.Event) *http.Request {
	l.t.Helper()
	p, url := l.known(), l.base+"/hooks"
	m := must(p.Message(url, e, time.Now()))(l.t)
	if err := p.Signing.Sign(&m, signature.Context{ID: e.ID, URL: url, Time: time.Now()}, secret); err != nil {
		l.t.Fatal(err)
	}
	r := must(http.NewRequestWithContext(l.t.Context(), m.Method, url, bytes.NewReader(m.Body)))(l.t)
	for _, line := range m.Headers {
		r.Header.Add(line.Name, line.Value)
	}
	return r
}

// do sends a request and returns the status and the text of the response, headers included.
func (l *link) do(r *http.Request) (status int, text string) {
	l.t.Helper()
	response := must(http.DefaultClient.Do(r))(l.t)
	defer response.Body.Close()
	return response.StatusCode, fmt.Sprint(response.Header, string(must(io.ReadAll(response.Body))(l.t)))
}

// get reads JSON from the consumer.
func (l *link) get(path string, into any) {
	l.t.Helper()
	response := must(http.Get(l.base + path))(l.t)
	defer response.Body.Close()
	if raw := must(io.ReadAll(response.Body))(l.t); json.Unmarshal(raw, into) != nil {
		l.t.Fatalf("GET %s: %s", path, raw)
	}
}

func (l *link) effects() int {
	l.t.Helper()
	var answer struct {
		Count int      `json:"count"`
		IDs   []string `json:"ids"`
	}
	l.get("/effects", &answer)
	if answer.IDs != nil && answer.Count != len(answer.IDs) {
		l.t.Errorf("%d effects with %d ids", answer.Count, len(answer.IDs))
	}
	return answer.Count
}

func (l *link) state(entity string) string {
	l.t.Helper()
	var answer struct {
		State string `json:"state"`
	}
	l.get("/states/"+entity, &answer)
	return answer.State
}
