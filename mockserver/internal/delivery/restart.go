package delivery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/fault"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// loadPending returns the jobs of the deliveries that are pending in the store, and the latest time
// that the schedule's clock has shown for them. In a shared store it adopts those of servers that
// have ended, and leaves out all others.
func (d *Dispatcher) loadPending(ctx context.Context) (jobs []*job, latest time.Time, err error) {
	if d.shared != nil {
		return d.loadAdopted(ctx)
	}
	q := journal.DeliveryQuery{State: journal.Pending, Limit: journal.MaxLimit}
	for {
		page, err := d.store.Deliveries(ctx, q)
		if err != nil {
			return nil, latest, fmt.Errorf("load pending deliveries: %w", err)
		}
		for i := range page {
			p := &page[i]
			q.Before = p.Seq
			latest = later(latest, p)
			j, err := d.resume(p)
			if err != nil {
				d.giveUp(p, err)
				continue
			}
			jobs = append(jobs, j)
		}
		if len(page) < q.Limit {
			return jobs, latest, nil
		}
	}
}

// loadAdopted returns the jobs of the deliveries of servers that have ended.
func (d *Dispatcher) loadAdopted(ctx context.Context) (jobs []*job, latest time.Time, err error) {
	for {
		ids, err := d.shared.Adopt(ctx)
		if err != nil {
			return nil, latest, fmt.Errorf("load pending deliveries: %w", err)
		}
		if len(ids) == 0 {
			return jobs, latest, nil
		}
		more, last, _, err := d.load(ctx, ids, true)
		if err != nil {
			return nil, latest, err
		}
		jobs = append(jobs, more...)
		if last.After(latest) {
			latest = last
		}
	}
}

// giveUp stops a delivery of the store that cannot be made. When that fails, it stays pending until
// the next process, or reconcile, finds it.
func (d *Dispatcher) giveUp(p *journal.Delivery, why error) {
	d.log.Warn("a pending delivery is given up", "delivery", p.ID, "endpoint", p.Endpoint, "error", why)
	if err := d.store.AppendAttempt(context.WithoutCancel(d.ctx), p.ID, nil, journal.Progress{State: journal.Stopped}); err != nil {
		d.log.Error("a delivery that is given up stays pending", "delivery", p.ID, "error", err)
	}
}

// later returns the latest of a time and those that the schedule's clock has shown for a delivery.
func later(t time.Time, d *journal.Delivery) time.Time {
	for _, shown := range []time.Time{d.Created, lastDue(d)} {
		if shown.After(t) {
			t = shown
		}
	}
	return t
}

// lastDue returns when the last attempt of a delivery was due.
func lastDue(d *journal.Delivery) time.Time {
	if len(d.Attempts) == 0 {
		return time.Time{}
	}
	return d.Attempts[len(d.Attempts)-1].Due
}

// resume makes the job of a delivery of an earlier process.
func (d *Dispatcher) resume(p *journal.Delivery) (*job, error) {
	if len(p.Problems) > 0 {
		return nil, errors.New(p.Problems[0])
	}
	to, err := d.registry.only(p.Provider, p.Endpoint)
	if err != nil {
		return nil, err
	}
	faults, err := fault.Recorded(p.Faults)
	if err != nil {
		return nil, err
	}
	held := faults.Holds() && len(p.Attempts) == 0
	if p.Next.IsZero() && !held {
		return nil, errors.New("it is pending and has no time")
	}
	return newJob(p, to, faults, nil), nil
}
