package consumers_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/suites/acceptance/consumers"
)

// first is an event of each provider, and its journey.
var first = map[string][2]string{
	"neostore":   {"Pass:Created", "pass"},
	"subscribfy": {"membership/created", "membership"},
	"ethpass":    {"pass:create", "pass"},
	"stripe":     {"customer.created", "customer"},
	"github":     {"issues.opened", "issue"},
}

const secret = "whsec_R1ght"

// link is a consumer and a provider that sends to it.
type link struct {
	t        *testing.T
	base     string
	server   *mockserver.Server
	provider *mockserver.Provider
}

// linked starts a consumer and registers it with a provider.
func linked(t *testing.T, o consumers.Options, secrets ...string) *link {
	t.Helper()
	base := consumers.StartT(t, o)
	server := mockserver.StartT(t)
	p := server.Provider(o.Provider)
	events := []string{"*"}
	if o.Provider != "neostore" {
		events = nil
	}
	if _, err := p.Register(t.Context(), mockserver.Endpoint{URL: base + "/hooks", Events: events, Secrets: secrets}); err != nil {
		t.Fatal(err)
	}
	return &link{t, base, server, p}
}

// statuses waits for the deliveries and returns the status of each attempt.
func (l *link) statuses(list []mockserver.Delivery) string {
	l.t.Helper()
	if err := l.server.Client().WaitIdle(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
	var words []string
	for _, d := range list {
		d, err := l.server.Client().Delivery(l.t.Context(), d.ID)
		if err != nil {
			l.t.Fatal(err)
		}
		for _, a := range d.Attempts {
			words = append(words, fmt.Sprint(a.Status))
		}
	}
	return strings.Join(words, " ")
}

func (l *link) emit(faults ...string) string {
	l.t.Helper()
	list, err := l.provider.Emit(l.t.Context(), first[l.provider.Name()][0], faults...)
	if err != nil {
		l.t.Fatal(err)
	}
	return l.statuses(list)
}

func (l *link) get(path string, into any) {
	l.t.Helper()
	request, err := http.NewRequestWithContext(l.t.Context(), http.MethodGet, l.base+path, nil)
	if err != nil {
		l.t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		l.t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		l.t.Fatalf("GET %s: %v: %s", path, err, raw)
	}
}

func (l *link) effects() int {
	l.t.Helper()
	var answer struct {
		Count int      `json:"count"`
		IDs   []string `json:"ids"`
	}
	l.get("/effects", &answer)
	if answer.Count != len(answer.IDs) {
		l.t.Errorf("%d effects with %d ids", answer.Count, len(answer.IDs))
	}
	return answer.Count
}

func TestRightConsumer(t *testing.T) {
	t.Parallel()
	for _, provider := range consumers.Providers() {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			l := linked(t, consumers.Options{Provider: provider, Secrets: []string{secret}}, secret)
			for _, c := range []struct {
				fault, want string
				effects     int
			}{
				{"", "204", 1},
				{"signature:wrong_secret", "401", 1},
				{"duplicate:3", "204 204 204", 2},
				{"parallel:5", "204 204 204 204 204", 3},
			} {
				var faults []string
				if c.fault != "" {
					faults = append(faults, c.fault)
				}
				if got := l.emit(faults...); got != c.want {
					t.Errorf("%s: status %s, want %s", c.fault, got, c.want)
				}
				if got := l.effects(); got != c.effects {
					t.Errorf("%s: %d effects, want %d", c.fault, got, c.effects)
				}
			}
		})
	}
}
