package neostore_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// A thousand webhooks are created, changed and deleted by many at once while events are emitted.
// Nothing begins at one after its DELETE was answered; what is enabled all the while misses
// nothing; nothing comes twice.
func TestThousandWebhooksAtOnce(t *testing.T) {
	t.Parallel()
	r := start(t, setup{real: true})
	// by path and signature; a signature is one of one event to one webhook
	var arrived, doubled sync.Map
	to := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		key := req.URL.Path + " " + req.Header.Get("x-neostore-signature")
		if _, twice := arrived.LoadOrStore(key, true); twice {
			doubled.Store(key, true)
		}
	}))
	t.Cleanup(to.Close)

	const steady, workers, each, events = 5, 20, 50, 100
	var staying []hook
	for n := range steady {
		staying = append(staying, r.create(fmt.Sprintf("%s/steady/%d", to.URL, n), "*"))
	}
	// by id: from when until when a webhook was surely enabled, and when its DELETE was answered
	var spans sync.Map
	type emission struct {
		from, to time.Time
		event    string
	}
	var (
		working, emitting sync.WaitGroup
		mu                sync.Mutex
		emissions         []emission
	)
	ticks := make(chan struct{}, workers*each)
	for range 2 {
		emitting.Go(func() {
			for range ticks {
				e := emission{from: time.Now()}
				made, err := r.Dispatcher.Emit(r.t.Context(), "neostore", delivery.Emission{Event: "Pass:Created", Tenant: "acme"})
				if err != nil || len(made) < steady {
					t.Errorf("%d deliveries, %v", len(made), err)
					return
				}
				e.to, e.event = time.Now(), made[0].Event.ID
				mu.Lock()
				emissions = append(emissions, e)
				mu.Unlock()
			}
		})
	}
	for worker := range workers {
		working.Go(func() {
			for n := range each {
				if n%(workers*each/events) == 0 {
					ticks <- struct{}{}
				}
				if err := r.life(fmt.Sprintf("%s/%d/%d", to.URL, worker, n), n, &spans); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	working.Wait()
	close(ticks)
	emitting.Wait()
	r.waitIdle()

	doubled.Range(func(key, _ any) bool { t.Errorf("%v came twice", key); return true })
	made := 0
	spans.Range(func(any, any) bool { made++; return true })
	if made != workers*each {
		t.Errorf("%d webhooks with different ids, want %d", made, workers*each)
	}
	for n, h := range staying {
		got := 0
		arrived.Range(func(key, _ any) bool {
			if strings.HasPrefix(key.(string), fmt.Sprintf("/steady/%d ", n)) {
				got++
			}
			return true
		})
		if got != events {
			t.Errorf("%s got %d events of %d", h.ID, got, events)
		}
	}
	late, attempts, fromChurn := 0, 0, 0
	planned := map[[2]string]int{} // deliveries by endpoint and event
	for q := (journal.DeliveryQuery{Limit: journal.MaxLimit}); ; {
		page, err := r.Store.Deliveries(r.context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range page {
			q.Before = d.Seq
			planned[[2]string{d.Endpoint, d.Event.ID}]++
			for _, a := range d.Attempts {
				attempts++
				if s, churned := spans.Load(d.Endpoint); churned {
					fromChurn++
					if a.At.After(s.(span).deleted) {
						late++
					}
				}
			}
			if d.State == journal.Pending {
				t.Errorf("%s is pending", d.ID)
			}
		}
		if len(page) < q.Limit {
			break
		}
	}
	if late > 0 || attempts < steady*events || fromChurn == 0 {
		t.Errorf("of %d attempts, %d of them to what was deleted, %d began after the DELETE was answered", attempts, fromChurn, late)
	}
	for name, copies := range planned {
		if copies > 1 {
			t.Errorf("%v was delivered %d times", name, copies)
		}
	}
	due := 0
	spans.Range(func(id, at any) bool {
		for _, e := range emissions {
			if s := at.(span); s.from.Before(e.from) && e.to.Before(s.to) {
				due++
				if planned[[2]string{id.(string), e.event}] == 0 {
					t.Errorf("%v missed %s, which was emitted while it was enabled", id, e.event)
				}
			}
		}
		return true
	})
	if due == 0 {
		t.Error("no event fell into the life of a webhook: the test shows nothing")
	}
	var left []hook
	r.want(200, "GET", "/api/acme/webhooks", "").into(t, &left)
	if len(left) != steady {
		t.Errorf("%d webhooks are left, want %d", len(left), steady)
	}
}

// span is when a webhook was surely enabled, and when its DELETE was answered.
type span struct{ from, to, deleted time.Time }

// life creates a webhook, changes it and deletes it.
func (r *server) life(url string, n int, spans *sync.Map) error {
	do := func(method, path, body string) (answer, error) {
		a, err := r.try(method, path, body)
		if err == nil && a.status != 200 {
			err = fmt.Errorf("%s %s: %d %s", method, path, a.status, a.body)
		}
		return a, err
	}
	a, err := do("POST", "/api/acme/webhooks", `{"events":["Pass:*"],"endpoint":"`+url+`"}`)
	if err != nil {
		return err
	}
	s := span{from: time.Now()}
	id := a.body[len(`{"id":"`):][:5]
	if _, twice := spans.LoadOrStore(id, s); twice {
		return fmt.Errorf("%s was given twice", id)
	}
	path := "/api/acme/webhooks/" + id
	if n%2 == 0 {
		if _, err := do("PATCH", path, `{"description":"x"}`); err != nil {
			return err
		}
	}
	if n%7 == 0 {
		if _, err := do("PUT", path, `{"events":["*"],"endpoint":"`+url+`"}`); err != nil {
			return err
		}
	}
	s.to = time.Now()
	if n%5 == 0 {
		if _, err := do("PATCH", path, `{"enabled":false}`); err != nil {
			return err
		}
	}
	if _, err := do("DELETE", path, ""); err != nil {
		return err
	}
	s.deleted = time.Now()
	spans.Store(id, s)
	return nil
}
