package delivery

import (
	"context"
	"sync"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/broadcast"
)

// schedule runs jobs when they are due. What is due starts in the order (due, sequence), as many at once as there
// are workers; a worker is a goroutine that lives while something is due. The clock either is the wall clock, which
// one goroutine follows with one timer, or stands still until advance.
type schedule struct {
	dispatcher *Dispatcher // makes the attempts
	workers    int         // attempts under way at once
	virtual    bool

	group     sync.WaitGroup      // workers, and the follower of the wall clock
	stop      chan struct{}       // closed by close
	earlier   chan struct{}       // tells the follower that something is due earlier than it thinks
	advancing chan struct{}       // holds a token while nobody advances the clock
	quieted   broadcast.Broadcast // tells when nothing is due any more

	mu      sync.Mutex
	now     time.Time // of a virtual clock
	queue   queue     // all that wait, except those that their target keeps back
	jobs    map[string]*job
	running int // attempts under way
	closed  bool
}

// open makes s ready; without a virtual clock it begins to follow the wall clock.
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

// close keeps anything from starting, has interrupt end what is under way, and waits for it. It is called once.
func (s *schedule) close(interrupt func()) {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	close(s.stop)
	interrupt()
	s.group.Wait()
	s.quieted.Close()
}

// time is the time on the schedule's clock.
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

// add takes jobs on, all of them before the first starts.
func (s *schedule) add(jobs ...*job) {
	var stopped []*job
	s.mu.Lock()
	for _, j := range jobs {
		if j.target.gone {
			stopped = append(stopped, j)
			continue
		}
		s.jobs[j.id] = j
		j.target.pending[j] = struct{}{}
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

// push puts a job into the queue; the lock is held.
func (s *schedule) push(j *job) {
	s.queue.push(j)
	if !s.virtual && s.queue.head() == j {
		select {
		case s.earlier <- struct{}{}:
		default:
		}
	}
}

// take returns the next job that is due and may start, and counts it as under way; nil when there is none or enough
// are. The lock is held.
func (s *schedule) take() *job {
	if s.closed {
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
		if !t.admits(j, max(1, s.workers/2)) {
			t.waiting.push(j)
			continue
		}
		s.running++
		t.running++
		t.leading = t.leading || j.ordered && j.first()
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
	if again && t.gone {
		s.mu.Unlock()
		s.dispatcher.stop(j)
		s.mu.Lock()
		again = false
	}
	s.running--
	t.running--
	if j.ordered && j.first() {
		t.leading = false
	}
	j.attempts++
	if again {
		j.due = due
		s.push(j)
	} else {
		s.forget(j)
	}
	// What ended may have kept another one back. If it did not, the queue keeps its place.
	if w := t.waiting.pop(); w != nil {
		s.push(w)
	}
	next := s.take()
	if next != nil {
		if second := s.take(); second != nil {
			s.group.Go(func() { s.run(second) })
		}
	} else if s.quiet() {
		s.quieted.Tell()
	}
	return next
}

// forget ends a job that is in no queue; the lock is held.
func (s *schedule) forget(j *job) {
	delete(s.jobs, j.id)
	delete(j.target.pending, j)
	if j.done != nil {
		close(j.done)
	}
}

// dismiss has nothing go to a target any more, for that reason: what is queued is stopped, what is under way is
// cut short. When it returns nothing is under way.
func (s *schedule) dismiss(t *target, reason error) {
	s.mu.Lock()
	t.gone = true
	var queued []*job
	for j := range t.pending {
		if j.in != nil {
			j.in.remove(j)
			queued = append(queued, j)
		}
	}
	s.mu.Unlock()
	t.cancel(reason)
	for _, j := range queued {
		s.dispatcher.stop(j)
	}
	s.mu.Lock()
	for _, j := range queued {
		s.forget(j)
	}
	if s.quiet() {
		s.quieted.Tell()
	}
	s.mu.Unlock()
	t.busy.Wait()
}

// follow starts what becomes due on the wall clock.
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
		// What is due and finds no worker free starts when one is.
		if head := s.queue.head(); head != nil {
			if wait := head.due.Sub(s.timeLocked()); wait > 0 {
				timer.Reset(wait)
			}
		}
		s.mu.Unlock()
	}
}

// quiet says whether nothing is due; the lock is held. What a target keeps back is never all there is.
func (s *schedule) quiet() bool {
	head := s.queue.head()
	return s.running == 0 && (head == nil || head.due.After(s.timeLocked()))
}

// settle waits until nothing is due.
func (s *schedule) settle(ctx context.Context) error {
	for {
		quieted := s.quieted.Next()
		s.mu.Lock()
		quiet, closed := s.quiet(), s.closed
		s.mu.Unlock()
		if closed {
			return ErrClosed
		}
		if quiet {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-quieted:
		}
	}
}

// advance moves a virtual clock on, from one due time to the next, and settles at each.
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
		if err := s.settle(ctx); err != nil {
			return err
		}
		s.mu.Lock()
		if s.quiet() { // nothing was added meanwhile
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

// await returns a channel that is closed when the delivery is no longer pending; nil when it is not pending here.
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

// clock is the clock as it stands.
func (s *schedule) clock() Clock {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := Clock{Now: s.timeLocked(), Virtual: s.virtual, Pending: len(s.jobs)}
	if head := s.queue.head(); head != nil {
		c.Next = head.due
	}
	return c
}
