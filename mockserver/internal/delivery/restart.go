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
	mine := func(string) bool { return true }
	if d.shared != nil {
		adopted, err := d.shared.Adopt(ctx)
		if err != nil {
			return nil, latest, fmt.Errorf("load pending deliveries: %w", err)
		}
		if len(adopted) == 0 {
			return nil, latest, nil
		}
		ids := map[string]bool{}
		for _, id := range adopted {
			ids[id] = true
		}
		mine = func(id string) bool { return ids[id] }
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
			if !mine(p.ID) {
				continue
			}
			for _, t := range []time.Time{p.Created, lastDue(p)} {
				if t.After(latest) {
					latest = t
				}
			}
			j, err := d.resume(p)
			if err != nil {
				d.log.Warn("a pending delivery is given up", "delivery", p.ID, "endpoint", p.Endpoint, "error", err)
				d.record(p.ID, nil, journal.Progress{State: journal.Stopped})
				continue
			}
			jobs = append(jobs, j)
		}
		if len(page) < q.Limit {
			return jobs, latest, nil
		}
	}
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
