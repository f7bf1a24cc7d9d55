package delivery

import (
	"context"
	"errors"
)

// Drain lets no attempt begin any more, and waits for those in flight until ctx ends. What is due
// stays pending. Then call Close. ErrClosed.
func (d *Dispatcher) Drain(ctx context.Context) error {
	d.unshare() // what other servers leave is for those that go on
	schedules := []*schedule{&d.schedule}
	d.runs.mu.Lock()
	for _, r := range d.runs.byID {
		schedules = append(schedules, &r.schedule)
	}
	d.runs.mu.Unlock()
	var errs []error
	for _, s := range schedules {
		s.drain()
	}
	for _, s := range schedules {
		errs = append(errs, s.waitIdle(ctx))
	}
	return errors.Join(errs...)
}

// drain lets no attempt begin any more.
func (s *schedule) drain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.draining = true
	if s.idle() {
		s.idled.Tell()
	}
}
