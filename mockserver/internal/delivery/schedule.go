package delivery

import (
	"context"
	"sync"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/broadcast"
)

// schedule runs jobs when they are due, in the order (due, sequence), as many at once as there are
// workers. A worker is a goroutine that ends when nothing is due. The clock is the wall clock,
// which one goroutine follows with one timer, or a virtual one, which only advance moves.
type schedule struct {
	dispatcher *Dispatcher // makes the attempts
	workers    int         // attempts in flight at once
	virtual    bool

	group     sync.WaitGroup      // workers, and the goroutine that follows the wall clock
	stop      chan struct{}       // closed by close
	earlier   chan struct{}       // wakes follow: a job is due before its timer ends
	advancing chan struct{}       // contains a token while nobody advances the clock
	idled     broadcast.Broadcast // reports when nothing is due any more

	mu      sync.Mutex
	now     time.Time // of a virtual clock
	queue   queue     // all that wait, except those in the queue of a target
	jobs    map[string]*job
	running int // attempts in flight
	closed  bool

	draining bool // nothing starts any more, and what is due counts as idle
}

// open starts the schedule; without a virtual clock it begins to follow the wall clock.
func (s *schedule) open(start time.Time) {
	s.now = start
	s.jobs = map[string]*job{}
	s.stop = make(chan struct{})
	s.earlier = make(chan struct{}, 1)
	s.advancing = make(chan struct{}, 1)
	s.advancing <- struct{}{}
	if !s.virtual {
		s.group.Go(s.follow)
	}
}

// close lets nothing start any more, calls interrupt to end what is in flight, and waits for it. It
// is called once.
func (s *schedule) close(interrupt func()) {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	close(s.stop)
	interrupt()
	s.group.Wait()
	s.idled.Close()
}

// time returns the time of the schedule's clock.
func (s *schedule) time() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.timeLocked()
}

func (s *schedule) timeLocked() time.Time {
	if s.virtual {
		return s.now
	}
	return time.Now().UTC().Round(0)
}

// add adds jobs, all of them before the first starts.
func (s *schedule) add(jobs ...*job) {
	var stopped []*job
	s.mu.Lock()
	for _, j := range jobs {
		if j.target.removed {
			stopped = append(stopped, j)
			continue
		}
		s.jobs[j.id] = j
		j.target.pending[j] = struct{}{}
		if j.blocks && !j.first() { // an earlier process began it
			j.target.laneOf(j).enters(j)
		}
		s.push(j)
	}
	for j := s.take(); j != nil; j = s.take() {
		s.group.Go(func() { s.run(j) })
	}
	s.mu.Unlock()
	for _, j := range stopped {
		s.dispatcher.stop(j)
	}
}

// push puts a job into the queue; the caller has the lock.
func (s *schedule) push(j *job) {
	s.queue.push(j)
	if !s.virtual && s.queue.head() == j {
		select {
		case s.earlier <- struct{}{}:
		default:
		}
	}
}

// take returns the next job that is due and may start, and counts it as in flight. It returns nil
// when there is none, or when all workers are busy. The caller has the lock.
func (s *schedule) take() *job {
	if s.closed || s.draining {
		return nil
	}
	now := s.timeLocked()
	for s.running < s.workers {
		j := s.queue.head()
		if j == nil || j.due.After(now) {
			return nil
		}
		s.queue.pop()
		t := j.target
		if t.pausedUntil.After(now) {
			j.due = t.pausedUntil
			s.queue.push(j)
			continue
		}
		if t.running >= s.perTarget() {
			t.waiting.push(j)
			continue
		}
		if l := t.laneOf(j); !l.enters(j) {
			l.waiting.push(j)
			continue
		}
		s.running++
		t.running++
		t.busy.Add(1)
		return j
	}
	return nil
}

// finish puts a job back or ends it, and takes the next one.
func (s *schedule) finish(j *job, due time.Time, again bool) *job {
	t := j.target
	s.mu.Lock()
	defer s.mu.Unlock()
	defer t.busy.Done()
	if again && t.removed {
		s.mu.Unlock()
		s.dispatcher.stop(j)
		s.mu.Lock()
		again = false
	}
	s.running--
	t.running--
	j.attempts++
	if again {
		j.due = due
		s.push(j)
	} else {
		s.forget(j)
	}
	// One that was behind this one in order can go now.
	if !again || !j.blocks {
		if next := t.leave(j); next != nil {
			s.push(next)
		}
	}
	// A job that waited for this one can go now. Otherwise it keeps its place in the queue.
	if w := t.waiting.pop(); w != nil {
		s.push(w)
	}
	next := s.take()
	if next != nil {
		if second := s.take(); second != nil {
			s.group.Go(func() { s.run(second) })
		}
	} else if s.idle() {
		s.idled.Tell()
	}
	return next
}

// forget removes a job that is in no queue; the caller has the lock.
func (s *schedule) forget(j *job) {
	delete(s.jobs, j.id)
	delete(j.target.pending, j)
	if j.done != nil {
		close(j.done)
	}
}

// dismiss ends a target for that reason: what is queued is stopped, what is in flight is cut short.
// Nothing is in flight when it returns.
func (s *schedule) dismiss(t *target, reason error) {
	t.cancel(reason)
	s.retire(t)
	t.busy.Wait()
}

// pause lets no attempt to a target start before a time.
func (s *schedule) pause(t *target, until time.Time) {
	s.mu.Lock()
	t.pausedUntil = until
	s.mu.Unlock()
}

// retire stops what is queued for a target. What is in flight ends, and has no other attempt.
func (s *schedule) retire(t *target) {
	s.mu.Lock()
	t.removed = true
	var queued []*job
	for j := range t.pending {
		if j.in != nil {
			j.in.remove(j)
			queued = append(queued, j)
		}
	}
	s.mu.Unlock()
	for _, j := range queued {
		s.dispatcher.stop(j)
	}
	s.mu.Lock()
	for _, j := range queued {
		s.forget(j)
	}
	if s.idle() {
		s.idled.Tell()
	}
	s.mu.Unlock()
}

// follow starts jobs when they are due on the wall clock.
func (s *schedule) follow() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-timer.C:
		case <-s.earlier:
		}
		s.mu.Lock()
		for j := s.take(); j != nil; j = s.take() {
			s.group.Go(func() { s.run(j) })
		}
		// A job that is due and finds no free worker starts when a worker is free.
		if head := s.queue.head(); head != nil {
			if wait := head.due.Sub(s.timeLocked()); wait > 0 {
				timer.Reset(wait)
			}
		}
		s.mu.Unlock()
	}
}

// idle says whether nothing is due; the caller has the lock. A job that waits at its target waits
// for one in flight; one that waits in its lane waits for the holder, which is in flight or queued.
func (s *schedule) idle() bool {
	head := s.queue.head()
	return s.running == 0 && (s.draining || head == nil || head.due.After(s.timeLocked()))
}

// waitIdle waits until nothing is due.
func (s *schedule) waitIdle(ctx context.Context) error {
	for {
		idled := s.idled.Next()
		s.mu.Lock()
		idle, closed := s.idle(), s.closed
		s.mu.Unlock()
		if closed {
			return ErrClosed
		}
		if idle {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-idled:
		}
	}
}

// advance moves a virtual clock from one due time to the next, and waits at each until nothing is
// due.
func (s *schedule) advance(ctx context.Context, by time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-s.stop:
		return ErrClosed
	case <-s.advancing:
	}
	defer func() { s.advancing <- struct{}{} }()
	until := s.time().Add(by)
	for arrived := false; !arrived; {
		if err := s.waitIdle(ctx); err != nil {
			return err
		}
		s.mu.Lock()
		if s.idle() { // nothing was added meanwhile
			if head := s.queue.head(); head != nil && !head.due.After(until) {
				s.now = head.due
			} else {
				s.now, arrived = until, true
			}
			for j := s.take(); j != nil; j = s.take() {
				s.group.Go(func() { s.run(j) })
			}
		}
		s.mu.Unlock()
	}
	return nil
}

// await returns a channel that is closed when the delivery is no longer pending; nil when it is not
// pending here.
func (s *schedule) await(id string) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	j := s.jobs[id]
	if j == nil {
		return nil
	}
	if j.done == nil {
		j.done = make(chan struct{})
	}
	return j.done
}

// clock returns the current state of the clock.
func (s *schedule) clock() Clock {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := Clock{Now: s.timeLocked(), Virtual: s.virtual, Pending: len(s.jobs)}
	if head := s.queue.head(); head != nil {
		c.Next = head.due
	}
	return c
}
