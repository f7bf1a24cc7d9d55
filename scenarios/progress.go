package scenarios

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/hookrig/hookrig/mockserver"
)

// Progress tells what a run is doing.
type Progress struct {
	Scenario string      // its name
	Step     string      // id of the step that began or ended
	Done     *StepReport // the result, when the step ended
	// Number of the step, from 1, and the number of all steps.
	Number, Of int
	// Deliveries and Attempts of the run so far.
	Deliveries, Attempts int
	// Deadline of the step or of the run, whichever is earlier; zero without a time limit.
	Deadline time.Time
}

// tracker calls Options.Progress.
type tracker struct {
	call     func(Progress) // nil calls nothing
	mu       sync.Mutex
	last     Progress
	attempts map[string]int // by delivery
	// endpoints of the run; all are followed while there are none
	endpoints map[string]bool
	stop      context.CancelFunc
	following sync.WaitGroup
}

// follow begins to count attempts. They are counted until end is called.
func (t *tracker) follow(ctx context.Context, client *mockserver.Client) {
	if t.call == nil {
		return
	}
	t.attempts, t.endpoints = map[string]int{}, map[string]bool{}
	ctx, t.stop = context.WithCancel(ctx)
	t.following.Go(func() {
		// Without updates the number of attempts is not shown. The run itself reports an error of
		// the server.
		_ = client.Follow(ctx, mockserver.FollowOptions{FollowOptions: mockserver.FeedOptions{Kind: mockserver.KindDelivery}}, func(u mockserver.Update) error {
			if u.Delivery != nil {
				t.delivery(u.Delivery)
			}
			return nil
		})
	})
}

// end stops counting.
func (t *tracker) end() {
	if t.stop != nil {
		t.stop()
	}
	t.following.Wait()
}

// own marks an endpoint as the run's.
func (t *tracker) own(endpoint string) {
	if t.call == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.endpoints[endpoint] = true
}

// delivery counts the attempts of a delivery.
func (t *tracker) delivery(d *mockserver.Delivery) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.endpoints) > 0 && !t.endpoints[d.Endpoint] || t.attempts[d.ID] == len(d.Attempts) {
		return
	}
	t.last.Attempts += len(d.Attempts) - t.attempts[d.ID]
	t.attempts[d.ID] = len(d.Attempts)
	if t.last.Step != "" && t.last.Done == nil {
		t.call(t.last)
	}
}

// set tells the progress of the steps.
func (t *tracker) set(p Progress) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p.Attempts = t.last.Attempts
	t.last = p
	t.call(p)
}

// progress tells that a step begins or, with a result, that it ended.
func (r *run) progress(id string, done *StepReport, deadline time.Time) {
	if r.options.Progress == nil {
		return
	}
	all := r.scenario.all()
	number := len(all)
	for i, s := range all {
		if s.ID == id || strings.HasPrefix(id, s.ID+"/") {
			number = i + 1
			break
		}
	}
	r.tracker.set(Progress{
		Scenario: r.scenario.Name, Step: id, Done: done, Number: number, Of: len(all), Deliveries: len(r.deliveries), Deadline: deadline,
	})
}
