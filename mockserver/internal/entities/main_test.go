package entities

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// received is a request as a consumer sees it.
type received struct {
	header http.Header
	body   string
}

// consumer is a program that receives webhooks and answers 200.
type consumer struct {
	*httptest.Server
	mu   sync.Mutex
	seen []received
}

func consume(t testing.TB) *consumer {
	t.Helper()
	c := &consumer{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err == nil {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.seen = append(c.seen, received{r.Header.Clone(), string(body)})
		}
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *consumer) received() []received {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.seen)
}

// hanging returns the URL of a consumer that never answers.
func hanging(t testing.TB) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// testContext is the context of a test that must not hang for ever.
func testContext(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// start starts a registry and its dispatcher on a virtual clock; a nil store is a new one.
func start(t testing.TB, store journal.Store, o Options) *Registry {
	t.Helper()
	if store == nil {
		store = journal.NewMemory(journal.MemoryOptions{})
	}
	d, err := delivery.New(testContext(t), delivery.Options{Store: store, Virtual: true, Seed: o.Seed})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	o.Catalogue, o.Store, o.Dispatcher = fixtures.Builtin(), store, d
	r, err := New(testContext(t), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func register(t testing.TB, r *Registry, e journal.Endpoint) {
	t.Helper()
	e.Provider = "neostore"
	if _, err := r.dispatcher.Register(testContext(t), e); err != nil {
		t.Fatal(err)
	}
}

func waitIdle(t testing.TB, r *Registry) {
	t.Helper()
	if err := r.dispatcher.WaitIdle(testContext(t)); err != nil {
		t.Fatal(err)
	}
}

func step(event string, given ...string) fixtures.Step {
	s := fixtures.Step{Event: event, Overrides: fixtures.Overrides{}}
	for i := 0; i < len(given); i += 2 {
		s.Overrides[given[i]] = json.RawMessage(given[i+1])
	}
	return s
}

// steps returns a transaction of these steps.
func steps(list ...fixtures.Step) func(*Tx) error {
	return func(tx *Tx) error {
		for _, s := range list {
			if _, err := tx.Trigger(s); err != nil {
				return err
			}
		}
		return nil
	}
}

func create(t testing.TB, r *Registry, provider, kind, tenant string, update func(*Tx) error) Entity {
	t.Helper()
	e, err := r.Create(testContext(t), provider, kind, tenant, nil, update)
	if err != nil {
		t.Fatal(err)
	}
	return e
}
