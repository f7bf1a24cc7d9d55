package delivery

import (
	"container/heap"
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/fault"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// job is a pending delivery on a schedule.
type job struct {
	id    string
	seq   uint64
	event fixtures.Event // its body is never changed
	url   string

	target   *target
	attempts int // made so far
	due      time.Time
	faults   fault.Set
	copies   *group // the copies that it is sent with; nil: none
	// triggered is the wall clock's time of the first attempt; zero before it.
	triggered time.Time
	// created is when the delivery was made, on the schedule's clock.
	created time.Time
	// lane is what the delivery goes in order with: the deliveries to the endpoint, or those about
	// one entity; "" is nothing. The first attempt waits for the first attempts of those before it;
	// with blocks every attempt waits until they are done.
	lane   string
	blocks bool
	failed fixtures.Failure // why the last attempt failed
	// lost means that another server owns the delivery now: the attempt in flight is the last one.
	lost atomic.Bool

	in    *queue        // the queue that it waits in; nil while an attempt is in flight
	index int           // in that queue
	nanos int64         // due in that queue, Unix time
	done  chan struct{} // closed when it is no longer pending; made when somebody waits
}

// newJob makes the job of a pending delivery.
func newJob(d *journal.Delivery, to *target, faults fault.Set, copies *group) *job {
	config := to.config.Load()
	j := &job{
		id: d.ID, seq: d.Seq, event: d.Event, url: d.URL, target: to, attempts: len(d.Attempts), due: d.Next, faults: faults, copies: copies,
		created: d.Created, lane: config.laneOf(&d.Event), blocks: config.rules.Blocks(),
	}
	switch {
	case faults.Reorders():
		j.lane = wholeEndpoint
	case copies != nil: // they are sent together
		j.lane = ""
	}
	if n := len(d.Attempts); n > 0 {
		j.triggered, j.failed = d.Attempts[0].At, failureOf(&d.Attempts[n-1])
		j.attempts = max(j.attempts, d.Attempts[n-1].N) // one may be missing, if the journal was full
	}
	return j
}

// together waits until the copies that the first attempt is sent with are in flight too. ready is
// called when there is a connection, nil when nobody waits; leave at the end of the attempt.
func (j *job) together(ctx context.Context) (ready, leave func()) {
	if j.copies == nil || !j.first() {
		return nil, func() {}
	}
	return j.copies.together(ctx.Done())
}

// wholeEndpoint is the lane of all deliveries to an endpoint. Those of entities have the kind
// first.
const wholeEndpoint = "*"

// laneOf returns what an event goes in order with.
func (t *endpointConfig) laneOf(e *fixtures.Event) string {
	switch t.rules.Ordering {
	case "per_endpoint_fifo":
		return wholeEndpoint
	case "per_entity_fifo":
		return t.provider.EntityOf(e)
	}
	return ""
}

// first says whether the next attempt is the first one.
func (j *job) first() bool { return j.attempts == 0 }

// queue is a heap of jobs in the order (due, sequence). The zero queue is empty.
type queue struct{ jobs heapOfJobs }

func (q *queue) len() int { return len(q.jobs) }

// head returns the job that comes next, or nil.
func (q *queue) head() *job {
	if len(q.jobs) == 0 {
		return nil
	}
	return q.jobs[0]
}

func (q *queue) push(j *job) {
	j.in, j.nanos = q, j.due.UnixNano()
	heap.Push(&q.jobs, j)
}

// pop takes the job that comes next, or returns nil.
func (q *queue) pop() *job {
	if len(q.jobs) == 0 {
		return nil
	}
	j := heap.Pop(&q.jobs).(*job)
	j.in = nil
	return j
}

// remove takes a job out, wherever it is.
func (q *queue) remove(j *job) {
	heap.Remove(&q.jobs, j.index)
	j.in = nil
}

// heapOfJobs implements heap.Interface.
type heapOfJobs []*job

func (h heapOfJobs) Len() int { return len(h) }

func (h heapOfJobs) Less(a, b int) bool {
	if h[a].nanos != h[b].nanos {
		return h[a].nanos < h[b].nanos
	}
	return h[a].seq < h[b].seq
}

func (h heapOfJobs) Swap(a, b int) {
	h[a], h[b] = h[b], h[a]
	h[a].index, h[b].index = a, b
}

// Push implements heap.Interface.
func (h *heapOfJobs) Push(x any) {
	j := x.(*job)
	j.index = len(*h)
	*h = append(*h, j)
}

// Pop implements heap.Interface.
func (h *heapOfJobs) Pop() any {
	last := len(*h) - 1
	j := (*h)[last]
	*h = slices.Delete(*h, last, last+1)
	return j
}
