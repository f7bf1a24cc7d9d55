package delivery

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// This file is about stores that several servers use. A dispatcher makes the attempts of the
// deliveries that its server owns, while it has a lease: see journal.Leases.

// ownership is what a dispatcher knows about its deliveries in a store that other servers use too.
type ownership struct {
	shared journal.Shared // nil: no other server uses the store
	// lease is the current one; nil if no other server uses the store.
	lease atomic.Pointer[journal.Lease]

	// saving is locked while deliveries that this server owns have no job yet: for reading by what
	// adds jobs, for writing by reconcile, which compares both.
	saving sync.RWMutex
	giving sync.Mutex // is locked by takeGiven
	// behind means that reconcile has to add given deliveries before others follow. It belongs to
	// giving, and changes only while saving is locked.
	behind bool
	unsure chan struct{} // has a token if reconcile has to look for deliveries without a job
}

// errLapsed is the cause of attempts that end with the lease.
var errLapsed = errors.New("this server does not reach its database, so another server may make the attempt")

// beUnsure makes the dispatcher look for deliveries that have no job.
func (d *Dispatcher) beUnsure() {
	select {
	case d.unsure <- struct{}{}:
	default:
	}
}

// attemptContext returns a context for an attempt to a target: it ends with the target's, or with
// the lease. check is for right before the request is written: it ends the context if the lease has
// ended. The caller must call stop.
func attemptContext(target context.Context, lease *journal.Lease) (ctx context.Context, check func() error, stop func()) {
	if lease == nil {
		return target, nil, func() {}
	}
	ctx, cancel := context.WithCancelCause(target)
	detach := context.AfterFunc(lease.Context(), func() { cancel(errLapsed) })
	check = func() error {
		if lease.Valid() {
			return nil
		}
		cancel(errLapsed)
		return errLapsed
	}
	return ctx, check, func() {
		detach()
		cancel(nil)
	}
}

// keepLease stops the attempts when the lease ends and, once there is another one, goes on with the
// deliveries that this server still owns.
func (d *Dispatcher) keepLease(ctx context.Context) {
	select {
	case <-d.resumed:
	case <-ctx.Done():
		return
	}
	for {
		lease := d.lease.Load()
		select {
		case <-ctx.Done():
			return
		case <-d.unsure:
		case <-lease.Context().Done():
			d.log.Warn("this server could not tell others in time that it runs: it makes no attempts until it can")
		}
		lease, err := d.shared.Lease(ctx)
		if err != nil {
			return // the end
		}
		for {
			if err = d.reconcile(ctx); err == nil || !lease.Valid() || ctx.Err() != nil {
				break
			}
			d.log.Warn("what this server has to deliver cannot be read; it tries again", "error", err)
			d.pause(ctx, reconcilePause)
		}
		if d.lease.Load() != lease && err == nil {
			d.log.Info("this server goes on with the deliveries that it still owns")
			d.lease.Store(lease)
			d.wake()
		}
	}
}

// reconcilePause is the time between two tries to read what this server owns.
const reconcilePause = time.Second

// pause waits, and returns false if ctx ends or Close is called first.
func (d *Dispatcher) pause(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-d.recording.Done():
	}
	return false
}

// schedules returns the dispatcher's schedule and those of all runs.
func (d *Dispatcher) schedules() []*schedule {
	list := []*schedule{&d.schedule}
	d.runs.mu.Lock()
	defer d.runs.mu.Unlock()
	for _, r := range d.runs.byID {
		list = append(list, &r.schedule)
	}
	return list
}

// wake starts what is due on all schedules.
func (d *Dispatcher) wake() {
	for _, s := range d.schedules() {
		s.wake()
	}
}

// reconcile drops the jobs of deliveries that this server does not own, and adds jobs for those
// that it owns and that have none.
func (d *Dispatcher) reconcile(ctx context.Context) error {
	if err := d.reload(ctx, ""); err != nil { // the endpoints of these deliveries may be new
		d.log.Warn("an endpoint cannot be used", "error", err)
	}
	d.saving.Lock()
	defer d.saving.Unlock()
	d.shared.Given() // Owned has them too
	ids, err := d.shared.Owned(ctx)
	if err != nil {
		return fmt.Errorf("read which deliveries this server owns: %w", err)
	}
	owned := make(map[string]bool, len(ids))
	for _, id := range ids {
		owned[id] = true
	}
	known := map[string]bool{}
	for _, s := range d.schedules() {
		s.keepOnly(owned, known)
	}
	for _, t := range d.registry.all() {
		t.held.keepOnly(owned, known)
	}
	var missing []string
	for _, id := range ids {
		if !known[id] {
			missing = append(missing, id)
		}
	}
	jobs, _, _, err := d.load(ctx, missing, true)
	d.addLoaded(jobs)
	if err != nil {
		return err
	}
	d.behind = false
	return nil
}

// adopt continues the deliveries of servers that have ended.
func (d *Dispatcher) adopt(ctx context.Context) error {
	if !d.lease.Load().Valid() {
		return nil
	}
	d.saving.Lock()
	defer d.saving.Unlock()
	for {
		ids, err := d.shared.Adopt(ctx)
		if err != nil || len(ids) == 0 {
			return err
		}
		d.log.Info("deliveries of a server that has ended are taken over", "count", len(ids))
		jobs, _, all, err := d.load(ctx, ids, false)
		d.addLoaded(jobs)
		if err != nil || !all {
			d.behind = true
			d.beUnsure()
			return err
		}
	}
}

// takeGiven adds the ordered deliveries that this or another server has saved for this one, in the
// order in which they were saved. The caller has locked saving for reading.
func (d *Dispatcher) takeGiven(ctx context.Context) {
	d.giving.Lock()
	defer d.giving.Unlock()
	ids, all := d.shared.Given()
	if d.behind = d.behind || all; d.behind {
		d.beUnsure()
		return
	}
	jobs, _, whole, err := d.load(ctx, ids, false)
	if err == nil && whole {
		d.addLoaded(jobs)
		return
	}
	d.behind = true
	d.beUnsure()
	if err != nil && ctx.Err() == nil {
		d.log.Warn("deliveries that this server has to make cannot be read; it tries again", "error", err)
	}
}

// addLoaded puts the jobs of deliveries that come from the store onto the schedule.
func (d *Dispatcher) addLoaded(jobs []*job) {
	d.schedule.add(d.unheld(jobs)...)
}

// unheld returns the jobs that no fault holds, and keeps the others.
func (d *Dispatcher) unheld(jobs []*job) (list []*job) {
	for _, j := range jobs {
		if !j.hold() {
			list = append(list, j)
		} else if j.target.ctx.Err() != nil { // removed meanwhile
			d.stopHeld(j.target)
		}
	}
	return list
}

// keepTaking adds given deliveries until ctx ends.
func (d *Dispatcher) keepTaking(ctx context.Context) {
	for {
		select {
		case <-d.shared.GivenC():
		case <-ctx.Done():
			return
		}
		d.saving.RLock()
		d.takeGiven(ctx)
		d.saving.RUnlock()
	}
}

// loadAtOnce is how many deliveries are read from the store at once.
const loadAtOnce = 100

// load returns the jobs of those of the deliveries that this server owns and that are pending, and
// the latest time that the schedule's clock has shown for them. A delivery whose endpoint is not
// known is given up if that is final; else it is left out, and all is false.
func (d *Dispatcher) load(ctx context.Context, ids []string, final bool) (jobs []*job, latest time.Time, all bool, err error) {
	all = true
	for len(ids) > 0 {
		n := min(len(ids), loadAtOnce)
		page, err := d.shared.OwnedDeliveries(ctx, ids[:n])
		if err != nil {
			return jobs, latest, false, fmt.Errorf("load pending deliveries: %w", err)
		}
		ids = ids[n:]
		for i := range page {
			j, err := d.resume(&page[i])
			if errors.Is(err, journal.ErrNotFound) && !final {
				all = false
				continue
			}
			if err != nil {
				d.giveUp(&page[i], err)
				continue
			}
			jobs = append(jobs, j)
			latest = later(latest, &page[i])
		}
	}
	return jobs, latest, all, nil
}
