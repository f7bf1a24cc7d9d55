package neostore_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hookrig/hookrig/mockserver/journal"
	"github.com/hookrig/hookrig/mockserver/provider"
)

// A thousand webhooks are created, changed and deleted by many at once while events are emitted. Nothing begins at one
// after its DELETE was answered; what is enabled all the while misses nothing; nothing comes twice.
func TestThousandWebhooksAtOnce(t *testing.T) {
	t.Parallel()
	r := start(t, setup{real: true})
	var arrived, doubled sync.Map // by path and signature; a signature is one of one event to one webhook
	to := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		key := req.URL.Path + " " + req.Header.Get("x-neostore-signature")
		if _, twice := arrived.LoadOrStore(key, true); twice {
			doubled.Store(key, true)
		}
	}))
	t.Cleanup(to.Close)

	const steady, workers, each, emitters, events = 5, 20, 50, 2, 25
	var staying []hook
	for n := range steady {
		staying = append(staying, r.create(fmt.Sprintf("%s/steady/%d", to.URL, n), "*"))
	}
	var ids, deleted sync.Map // webhooks that were made, and when a DELETE was answered
	begun := make(chan struct{})
	var working, emitting sync.WaitGroup
	var emitted atomic.Int64
	for range emitters {
		emitting.Go(func() {
			<-begun
			for range events {
				if _, err := r.Dispatcher.Emit(r.t.Context(), "neostore", provider.Emission{Event: "Pass:Created", Tenant: "acme"}); err != nil {
					t.Error(err)
				}
				emitted.Add(1)
			}
		})
	}
	var once sync.Once
	for worker := range workers {
		working.Go(func() {
			for n := range each {
				once.Do(func() { close(begun) })
				if err := r.life(fmt.Sprintf("%s/%d/%d", to.URL, worker, n), n, &ids, &deleted); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	emitting.Wait()
	working.Wait()
	r.settle()

	doubled.Range(func(key, _ any) bool { t.Errorf("%v came twice", key); return true })
	made := 0
	ids.Range(func(any, any) bool { made++; return true })
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
		if int64(got) != emitted.Load() || got != emitters*events {
			t.Errorf("%s got %d events of %d", h.ID, got, emitters*events)
		}
	}
	late, attempts := 0, 0
	for q := (journal.DeliveryQuery{Limit: journal.MaxLimit}); ; {
		page, err := r.Store.Deliveries(r.context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range page {
			q.Before = d.Seq
			for _, a := range d.Attempts {
				attempts++
				if at, gone := deleted.Load(d.Endpoint); gone && a.At.After(at.(time.Time)) {
					late++
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
	if late > 0 || attempts < steady*emitters*events {
		t.Errorf("of %d attempts %d began after the DELETE was answered", attempts, late)
	}
	var left []hook
	r.want(200, "GET", "/api/acme/webhooks", "").into(t, &left)
	if len(left) != steady {
		t.Errorf("%d webhooks are left, want %d", len(left), steady)
	}
}

// life creates a webhook, changes it and deletes it.
func (r *rig) life(url string, n int, ids, deleted *sync.Map) error {
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
	id := a.body[len(`{"id":"`):][:5]
	if _, twice := ids.LoadOrStore(id, true); twice {
		return fmt.Errorf("%s was given twice", id)
	}
	path := "/api/acme/webhooks/" + id
	if n%2 == 0 {
		if _, err := do("PATCH", path, `{"description":"x"}`); err != nil {
			return err
		}
	}
	if n%5 == 0 {
		if _, err := do("PATCH", path, `{"enabled":false}`); err != nil {
			return err
		}
	}
	if n%7 == 0 {
		if _, err := do("PUT", path, `{"events":["*"],"endpoint":"`+url+`"}`); err != nil {
			return err
		}
	}
	if _, err := do("DELETE", path, ""); err != nil {
		return err
	}
	deleted.Store(id, time.Now())
	return nil
}
