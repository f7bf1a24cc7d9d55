package neostore_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/entities"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi/neostore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server is a running server with the API under test, at a separate address.
type server struct {
	t      testing.TB
	server *mockserver.Server
	url    string
	vendorapi.Backend
	log *lines
}

// setup says how a server differs from the usual one.
type setup struct {
	options []string // "neostore.encoding=HEX"
	store   journal.Store
	now     func() time.Time
	real    bool // the wall clock
}

// start starts a server with the tenants demo, and acme and other whose keys are called like them.
func start(t testing.TB, s setup) *server {
	t.Helper()
	r := &server{t: t, log: &lines{}}
	catalogue := fixtures.Builtin()
	for _, text := range s.options {
		setting, err := fixtures.ParseOption(text)
		if err == nil {
			catalogue, err = catalogue.With(setting)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if s.now == nil {
		s.now = time.Now
	}
	factory := func(ctx context.Context, own vendorapi.Backend) (http.Handler, error) {
		r.Backend = own
		return neostore.NewAt(s.now)(ctx, own)
	}
	r.server = mockserver.StartT(t, mockserver.Options{
		Store: s.store, Catalogue: catalogue, Demo: true, RealClock: s.real, Seed: 5,
		VendorAPIs: map[string]vendorapi.Factory{"neostore": factory}, Log: slog.New(slog.NewTextHandler(r.log, nil)),
	})
	r.url = r.server.VendorAPIURL("neostore")
	for _, name := range []string{"acme", "other"} {
		r.tenant(name, entities.Key{Key: name + "-key"})
	}
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	return r
}

// tenant makes a tenant with keys.
func (r *server) tenant(name string, keys ...entities.Key) {
	r.t.Helper()
	if _, err := r.Entities.PutTenant(r.context(), entities.Tenant{Provider: "neostore", Name: name, Keys: keys}); err != nil {
		r.t.Fatal(err)
	}
}

func (r *server) context() context.Context {
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Minute)
	r.t.Cleanup(cancel)
	return ctx
}

// waitIdle waits until everything is delivered.
func (r *server) waitIdle() {
	r.t.Helper()
	if err := r.Dispatcher.WaitIdle(r.context()); err != nil {
		r.t.Fatal(err)
	}
}

// answer is what the API answered.
type answer struct {
	status int
	header http.Header
	body   string
}

// into reads the body as JSON.
func (a answer) into(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), v); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
}

// call asks the API as the tenant acme; header lines are "Name: value", and those that are there
// already are replaced, or left out when the value is empty.
func (r *server) call(method, path, body string, header ...string) answer {
	r.t.Helper()
	a, err := r.try(method, path, body, header...)
	if err != nil {
		r.t.Fatal(err)
	}
	return a
}

func (r *server) try(method, path, body string, header ...string) (answer, error) {
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("X-API-KEY", "acme-key")
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ":")
		req.Header.Del(name)
		if value = strings.TrimSpace(value); value != "" {
			req.Header.Set(name, value)
		}
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(text)}, err
}

// want is call that must have a status.
func (r *server) want(status int, method, path, body string, header ...string) answer {
	r.t.Helper()
	a := r.call(method, path, body, header...)
	if a.status != status {
		r.t.Fatalf("%s %s %s: %d %s, want %d", method, path, body, a.status, a.body, status)
	}
	return a
}

// hook is a webhook as the API shows it.
type hook struct {
	ID              string
	SignatureSecret string
	Description     *string
	Events          []string
	Endpoint        string
	Enabled         bool
}

// create makes a webhook of acme; events are separated by blanks.
func (r *server) create(endpoint, events string, header ...string) hook {
	r.t.Helper()
	names, _ := json.Marshal(strings.Fields(events))
	var h hook
	r.want(200, "POST", "/api/acme/webhooks", `{"endpoint":"`+endpoint+`","events":`+string(names)+`}`, header...).into(r.t, &h)
	return h
}

// emit emits an event for acme.
func (r *server) emit(event string) {
	r.t.Helper()
	if _, err := r.Dispatcher.Emit(r.context(), "neostore", delivery.Emission{Event: event, Tenant: "acme"}); err != nil {
		r.t.Fatal(err)
	}
}

// lines is what was logged.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// allow gives acme a key with these scopes; its first key may do everything.
func (r *server) allow(key string, scopes ...string) {
	r.t.Helper()
	r.tenant("acme", entities.Key{Key: "acme-key"}, entities.Key{Key: key, Scopes: scopes})
}
