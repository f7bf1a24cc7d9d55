package subscribfy

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// TestCall is the stream that the events of a Test Call are generated from. The journal stores it
// with the event; on the wire a Test Call looks like another delivery (row S-11).
const TestCall = "test call"

// testWait bounds how long a Test Call waits: a little longer than an attempt may take.
const testWait = 35 * time.Second

// outcome is the result of a Test Call at one URL.
type outcome struct {
	URL    string `json:"url"`
	Status int    `json:"status"` // of the response; 0 without one
	// delivered, exhausted, or pending when it takes too long
	Outcome  journal.State `json:"outcome"`
	Reached  wire.Outcome  `json:"reached,omitempty"`
	MS       float64       `json:"ms"`
	Error    string        `json:"error,omitempty"`
	Delivery string        `json:"delivery"` // its id in the journal
}

// postTest is the Test Call of one event.
func (p *panel) postTest(w http.ResponseWriter, r *http.Request, store string) error {
	name, isTest := strings.CutSuffix(r.PathValue("rest"), "/test")
	if !isTest {
		return vendorapi.Errorf(http.StatusNotFound, "Nothing is at %.200q: a Test Call is POST …/webhooks/TOPIC/test.", r.URL.Path)
	}
	t, err := p.topics.named(name)
	if err != nil {
		return err
	}
	urls, _, err := p.entered(w, r)
	if err != nil {
		return err
	}
	list, err := p.test(r.Context(), store, t, urls)
	if err != nil {
		return err
	}
	return vendorapi.Write(w, http.StatusOK, resource{Data: list})
}

// test sends one made-up event to each URL, saved or not (row S-12), or without any to the saved
// ones, and waits for the results. Each is tried once, whatever the store's profile.
func (p *panel) test(ctx context.Context, store string, t topic, urls []string) ([]outcome, error) {
	s, err := p.settings(ctx, store)
	if err != nil {
		return nil, err
	}
	if s.Token == "" {
		return nil, errNoToken()
	}
	if len(urls) == 0 {
		saved, err := p.saved(ctx, store)
		if err != nil {
			return nil, err
		}
		urls = saved[t.Name]
	}
	if len(urls) == 0 {
		return nil, invalid("urls", "No URL is entered for %s and none is saved: enter one.", t.Name)
	}
	seed, index := rand.Uint64(), rand.Uint64()
	set := dummy(rand.New(rand.NewPCG(seed, index)), t.category, t.file)
	list := make([]outcome, len(urls))
	for i, u := range urls {
		made, err := p.Dispatcher.Deliver(ctx, journal.Endpoint{
			Provider: p.Provider.Name, Tenant: store, URL: u, Secrets: []string{s.Token},
			Retry: delivery.NoRetry, Timeout: journal.Duration(p.profile(s).Timeout),
		}, delivery.Emission{Event: t.Name, Seed: &seed, Index: &index, Stream: TestCall, Set: set})
		if err != nil {
			return nil, err
		}
		list[i] = outcome{URL: u, Delivery: made[0].ID, Outcome: journal.Pending}
	}
	ctx, cancel := context.WithTimeout(ctx, testWait)
	defer cancel()
	for i := range list {
		done, err := p.Dispatcher.Await(ctx, list[i].Delivery)
		if err != nil {
			if ctx.Err() != nil {
				continue // it stays pending
			}
			return nil, err
		}
		list[i].Outcome = done.State
		if n := len(done.Attempts); n > 0 {
			a := done.Attempts[n-1]
			list[i].Status, list[i].Reached, list[i].MS, list[i].Error = a.Status, a.Outcome, a.TookMS, a.Error
		}
	}
	return list, nil
}
