package delivery

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// Many goroutines register, emit, disable, remove and advance at once. Nothing may begin at an
// endpoint after its Remove has returned, and everything must end.
func TestConcurrentLifeOfEndpoints(t *testing.T) {
	t.Parallel()
	var removed sync.Map // when, by the endpoint's URL
	c := consume(t, func(n int, _ received) int { return []int{200, 500, 503}[n%3] })
	store := journal.NewMemory(journal.MemoryOptions{})
	d := start(t, Options{Store: store, Virtual: true, Seed: 3})
	ctx := testContext(t)
	var group sync.WaitGroup
	for worker := range 20 {
		group.Go(func() {
			for i := range 50 {
				path := fmt.Sprintf("/%d/%d", worker, i)
				e, err := d.Register(ctx, journal.Endpoint{Provider: "neostore", URL: c.URL + path, Tenant: fmt.Sprint(worker % 4), Retry: "at-least-once"})
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := d.Emit(ctx, "neostore", Emission{Event: "Pass:Created", Tenant: fmt.Sprint(worker % 4)}); err != nil {
					t.Error(err)
					return
				}
				if i%5 == 0 {
					e.Disabled = true
					if _, err := d.Update(ctx, e); err != nil {
						t.Error(err)
						return
					}
				}
				if err := d.Remove(ctx, e.ID); err != nil {
					t.Error(err)
					return
				}
				removed.Store(e.URL, time.Now())
			}
		})
	}
	stop := make(chan struct{})
	var advancing sync.WaitGroup
	advancing.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				if _, err := d.Advance(ctx, time.Minute); err != nil {
					t.Error(err)
					return
				}
			}
		}
	})
	group.Wait()
	close(stop)
	advancing.Wait()
	waitIdle(t, d)
	attempts := 0
	for q := (journal.DeliveryQuery{Limit: journal.MaxLimit}); ; {
		page, err := store.Deliveries(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, delivery := range page {
			q.Before = delivery.Seq
			for _, a := range delivery.Attempts {
				attempts++
				if at, ok := removed.Load(delivery.URL); !ok || a.At.After(at.(time.Time)) {
					t.Errorf("an attempt began at %v, its endpoint was removed at %v", a.At, at)
				}
			}
		}
		if len(page) < q.Limit {
			break
		}
	}
	if attempts == 0 {
		t.Error("no attempt was made: the test shows nothing")
	}
	if clock := d.Clock(); clock.Pending != 0 {
		t.Errorf("%+v: want nothing pending once all endpoints are removed", clock)
	}
	if list, err := store.Deliveries(ctx, journal.DeliveryQuery{State: journal.Pending}); err != nil || len(list) != 0 {
		t.Errorf("%d deliveries are pending in the journal, %v", len(list), err)
	}
	if docs, err := store.List(ctx, endpointKind); err != nil || len(docs) != 0 {
		t.Errorf("%d endpoints are left, %v", len(docs), err)
	}
	stats, err := store.Stats(ctx)
	if err != nil || stats.Deliveries < 1000 {
		t.Errorf("%d deliveries, %v: want one at least for each event", stats.Deliveries, err)
	}
}

func TestCloseWhileAllIsBusy(t *testing.T) {
	t.Parallel()
	c := consume(t, always(500))
	for _, virtual := range []bool{true, false} {
		d := start(t, Options{Virtual: virtual})
		register(t, d, journal.Endpoint{Provider: "ethpass", URL: c.URL})
		ctx := testContext(t)
		var group sync.WaitGroup
		begun := make(chan struct{})
		var once sync.Once
		for range 8 {
			group.Go(func() {
				for {
					list, err := d.Emit(ctx, "ethpass", Emission{Event: "pass:scan"})
					once.Do(func() { close(begun) })
					if err == nil {
						_, err = d.Await(ctx, list[0].ID)
					}
					if err != nil {
						if !errors.Is(err, ErrClosed) {
							t.Error(err)
						}
						return
					}
				}
			})
		}
		<-begun
		d.Close()
		group.Wait()
		pending, err := d.store.Deliveries(context.Background(), journal.DeliveryQuery{State: journal.Pending})
		if err != nil || len(pending) > 8 {
			t.Errorf("%d pending after Close, %v", len(pending), err)
		}
	}
}
