package delivery

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/fault"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// received is a request as a consumer sees it.
type received struct {
	path   string
	header http.Header
	body   string
}

// consumer is a program that receives webhooks.
type consumer struct {
	*httptest.Server
	mu   sync.Mutex
	seen []received
}

// consume starts a consumer that answers the n-th request, from 1, with a status.
func consume(t testing.TB, answer func(n int, r received) int) *consumer {
	t.Helper()
	c := &consumer{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		got := received{r.URL.Path, r.Header.Clone(), string(body)}
		c.mu.Lock()
		c.seen = append(c.seen, got)
		n := len(c.seen)
		c.mu.Unlock()
		if status := answer(n, got); status != 0 {
			w.WriteHeader(status)
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

func always(status int) func(int, received) int { return func(int, received) int { return status } }

// inTurn answers with each status in turn; the last one stays.
func inTurn(statuses ...int) func(int, received) int {
	return func(n int, _ received) int { return statuses[min(n, len(statuses))-1] }
}

// context of a test that must not hang for ever.
func testContext(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// start starts a dispatcher on a memory store, unless o has one.
func start(t testing.TB, o Options) *Dispatcher {
	t.Helper()
	if o.Store == nil {
		o.Store = journal.NewMemory(journal.MemoryOptions{})
	}
	d, err := New(testContext(t), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// virtual starts a dispatcher with a virtual clock.
func virtual(t testing.TB) *Dispatcher { return start(t, Options{Virtual: true, Seed: 7}) }

func register(t testing.TB, d *Dispatcher, e journal.Endpoint) journal.Endpoint {
	t.Helper()
	if e.Provider == "" {
		e.Provider = "neostore"
	}
	out, err := d.Register(testContext(t), e)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func emit(t testing.TB, d *Dispatcher, provider string, list ...Emission) []journal.Delivery {
	t.Helper()
	out, err := d.EmitAll(testContext(t), provider, list)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func waitIdle(t testing.TB, d *Dispatcher) {
	t.Helper()
	if err := d.WaitIdle(testContext(t)); err != nil {
		t.Fatal(err)
	}
}

func advance(t testing.TB, d *Dispatcher, by time.Duration) Clock {
	t.Helper()
	c, err := d.Advance(testContext(t), by)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// look reads a delivery from the journal.
func look(t testing.TB, d *Dispatcher, id string) journal.Delivery {
	t.Helper()
	out, err := d.store.Delivery(testContext(t), id)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// all reads every delivery, oldest first.
func all(t testing.TB, d *Dispatcher) []journal.Delivery {
	t.Helper()
	out, err := d.store.Deliveries(testContext(t), journal.DeliveryQuery{Limit: journal.MaxLimit})
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(out)
	return out
}

func knownProvider(t testing.TB, name string) *fixtures.Provider {
	t.Helper()
	p, err := fixtures.Builtin().Provider(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// verify checks a message that was sent to an endpoint.
func verify(t testing.TB, e journal.Endpoint, a journal.Attempt) signature.Verdict {
	t.Helper()
	p := knownProvider(t, e.Provider)
	return p.Signing.Verify(a.Sent, signature.Context{URL: e.URL, Time: a.At}, e.Secrets...).Verdict
}

func parseFault(t testing.TB, text string) Fault {
	t.Helper()
	f, err := fault.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func generatorOf() *rand.Rand { return generator(1, "test", 1) }
