package delivery

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// played is a schedule whose jobs are sent to a consumer in memory, which notes them.
type played struct {
	*schedule
	mu     sync.Mutex
	notes  []string
	counts map[string]int // attempts so far, by job
	most   int            // attempts in flight at once
	busy   int
}

// consumerJournal is a journal that notes which deliveries are stopped.
type consumerJournal struct {
	journal.Store
	*played
}

func (c consumerJournal) AppendAttempt(_ context.Context, id string, _ *journal.Attempt, next journal.Progress) error {
	if next.State == journal.Stopped {
		c.note(id + " stopped")
	}
	return nil
}

func (p *played) note(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.notes = append(p.notes, text)
}

// play opens a schedule whose attempts take that long, and fail as long as fails says so for the
// job and the number of the attempt, from 1.
func play(virtual bool, workers int, takes time.Duration, fails func(job string, attempt int) bool) *played {
	p := &played{counts: map[string]int{}}
	ctx, cancel := context.WithCancelCause(context.Background())
	client := &wire.Client{Dial: func(_ context.Context, _, address string) (net.Conn, error) {
		here, there := net.Pipe()
		id, _, _ := strings.Cut(address, ":")
		go p.answer(there, id, takes, fails)
		return here, nil
	}}
	d := &Dispatcher{store: consumerJournal{played: p}, wire: client, ctx: ctx, cancel: cancel}
	p.schedule = &d.schedule
	p.dispatcher, p.virtual, p.workers = d, virtual, workers
	p.open(fixtures.DefaultStart)
	return p
}

// answer reads one request of a job and answers it, unless the client hangs up before.
func (p *played) answer(conn net.Conn, id string, takes time.Duration, fails func(string, int) bool) {
	defer conn.Close()
	r, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, r.Body)
	at := p.time().Sub(fixtures.DefaultStart)
	p.mu.Lock()
	p.busy++
	p.most = max(p.most, p.busy)
	p.counts[id]++
	n := p.counts[id]
	p.notes = append(p.notes, fmt.Sprintf("%s#%d@%v", id, n, at))
	p.mu.Unlock()
	hungUp := make(chan struct{})
	go func() {
		defer close(hungUp)
		_, _ = conn.Read(make([]byte, 1))
	}()
	if takes > 0 {
		select {
		case <-time.After(takes):
		case <-hungUp:
		}
	}
	p.mu.Lock()
	p.busy--
	p.mu.Unlock()
	status := "200 OK"
	if fails(id, n) {
		status = "503 Service Unavailable"
	}
	_, _ = fmt.Fprintf(conn, "HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", status)
}

func never(string, int) bool { return false }

func always503(string, int) bool { return true }

// sorted returns the notes, which may have been made in any order at one instant, sorted.
func (p *played) sorted() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Sorted(slices.Values(p.notes))
}

func (p *played) listed() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.notes)
}

// targetWith makes a target of a schedule, whose deliveries are retried as the profile says.
func (p *played) targetWith(retry fixtures.Retry) *target {
	known, err := fixtures.Builtin().Provider("neostore")
	if err != nil {
		panic(err)
	}
	provider := *known
	provider.Delivery.Profiles = map[string]fixtures.Retry{"test": retry}
	provider.Delivery.Timeout = 24 * time.Hour
	config, err := newEndpointConfig(&provider, journal.Endpoint{URL: "http://endpoint", Secrets: []string{"a-secret"}, Retry: "test"})
	if err != nil {
		panic(err)
	}
	to := newTarget(p.dispatcher.ctx, config)
	to.schedule = p.schedule
	return to
}

func due(id string, seq uint64, to *target, at time.Time) *job {
	return &job{id: id, seq: seq, target: to, due: at, url: "http://" + id, event: fixtures.Event{Name: "Pass:Created", Body: []byte("{}")}}
}

func TestTheRealClockWakesWhenSomethingIsDue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := play(false, 4, 0, always503)
		defer p.close(func() {})
		to := p.targetWith(fixtures.Retry{Base: time.Hour, Attempts: 3})
		begin := time.Now()
		at := func(d time.Duration) time.Time { return begin.Add(d) }
		p.add(due("late", 1, to, at(72*time.Hour)))
		synctest.Wait()
		p.add(due("soon", 2, to, at(time.Minute)), due("now", 3, to, begin))
		synctest.Wait()
		if n := len(p.listed()); n != 1 {
			t.Fatalf("at once: %v", p.listed())
		}
		for _, c := range []struct {
			sleep time.Duration
			done  int
		}{
			{59 * time.Second, 1}, {time.Second, 2}, // soon
			{time.Hour - time.Minute, 3}, {time.Minute, 4}, // again: now, soon
			{time.Hour - time.Minute, 5}, {time.Minute, 6}, {68 * time.Hour, 6}, {2 * time.Hour, 7},
		} {
			time.Sleep(c.sleep) // of the bubble's clock
			synctest.Wait()
			if n := len(p.listed()); n != c.done {
				t.Errorf("after %v: %d attempts, want %d: %v", time.Since(begin), n, c.done, p.listed())
			}
		}
		clock := p.clock()
		if clock.Virtual || clock.Pending != 1 || !clock.Next.Equal(at(73*time.Hour)) {
			t.Errorf("%+v, want late's retry next", clock)
		}
	})
}

func TestWorkersAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct{ workers, targets, most int }{{8, 1, 4}, {8, 4, 8}, {1, 3, 1}, {3, 1, 1}} {
			p := play(true, c.workers, time.Second, never)
			var jobs []*job
			targets := make([]*target, c.targets)
			for i := range targets {
				targets[i] = p.targetWith(fixtures.Retry{})
			}
			for i := range 40 {
				jobs = append(jobs, due(fmt.Sprint(i), uint64(i), targets[i%c.targets], fixtures.DefaultStart))
			}
			begin := time.Now()
			p.add(jobs...)
			if err := p.waitIdle(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := len(p.listed()); n != 40 || p.most != c.most {
				t.Errorf("%+v: %d done, %d at once", c, n, p.most)
			}
			if took, want := time.Since(begin), time.Duration((40+c.most-1)/c.most)*time.Second; took != want {
				t.Errorf("%+v: took %v, want %v: some waited for no reason", c, took, want)
			}
			p.close(func() {})
		}
	})
}

func TestAHangingEndpointLeavesTheOthersWorkers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := play(true, 4, time.Hour, never)
		slow, quick := p.targetWith(fixtures.Retry{}), p.targetWith(fixtures.Retry{})
		var jobs []*job
		for i := range 20 {
			jobs = append(jobs, due(fmt.Sprintf("slow%02d", i), uint64(i), slow, fixtures.DefaultStart))
		}
		p.add(append(jobs, due("quick", 99, quick, fixtures.DefaultStart))...)
		synctest.Wait()
		if !slices.Contains(p.listed(), "quick#1@0s") {
			t.Errorf("started: %v", p.listed())
		}
		p.close(func() { slow.cancel(errStopping); quick.cancel(errStopping) })
	})
}

func TestFirstAttemptsGoInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := play(true, 8, time.Second, func(job string, attempt int) bool { return job == "b" && attempt < 3 })
		defer p.close(func() {})
		to := p.targetWith(fixtures.Retry{Base: 10 * time.Second, Attempts: 9})
		var jobs []*job
		for i, id := range []string{"a", "b", "c", "d", "e"} {
			j := due(id, uint64(i), to, fixtures.DefaultStart)
			j.lane = wholeEndpoint
			jobs = append(jobs, j)
		}
		// c is late, together with b's retry
		jobs[2].due = fixtures.DefaultStart.Add(10 * time.Second)
		slices.Reverse(jobs)
		p.add(jobs...)
		if err := p.waitIdle(t.Context()); err != nil {
			t.Fatal(err)
		}
		if want := []string{"a#1@0s", "b#1@0s", "d#1@0s", "e#1@0s"}; !slices.Equal(p.listed(), want) || p.most != 1 {
			t.Errorf("%v, %d at once; want %v, one at a time", p.listed(), p.most, want)
		}
		if err := p.advance(t.Context(), time.Minute); err != nil {
			t.Fatal(err)
		}
		later := p.listed()[4:]
		slices.Sort(later)
		if want := []string{"b#2@10s", "b#3@20s", "c#1@10s"}; !slices.Equal(later, want) || p.most != 2 {
			t.Errorf("%v, %d at once; want %v, the retry beside the late one", later, p.most, want)
		}
	})
}

func TestDismissStopsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := play(true, 4, time.Hour, always503)
		defer p.close(func() {})
		to := p.targetWith(fixtures.Retry{Base: time.Hour, Attempts: 9})
		var jobs []*job
		for i := range 10 {
			jobs = append(jobs, due(fmt.Sprint(i), uint64(i), to, fixtures.DefaultStart.Add(time.Duration(i/5)*time.Hour)))
		}
		p.add(jobs...)
		synctest.Wait()
		begin := time.Now()
		p.dismiss(to, errRemoved)
		if time.Since(begin) != 0 {
			t.Errorf("it took %v: what was in flight was not cut short", time.Since(begin))
		}
		stopped := 0
		for _, note := range p.listed() {
			if len(note) > 1 && note[1:] == " stopped" {
				stopped++
			}
		}
		if len(p.listed()) != 12 || stopped != 10 || p.clock().Pending != 0 {
			t.Errorf("%v, %d pending; want two begun and all ten stopped", p.listed(), p.clock().Pending)
		}
		p.add(due("x", 11, to, fixtures.DefaultStart))
		if err := p.waitIdle(t.Context()); err != nil || p.listed()[12] != "x stopped" || len(p.listed()) != 13 {
			t.Errorf("what came after: %v, %v", p.listed()[12:], err)
		}
	})
}

// The model: a sorted list, played by hand.
func TestAdvanceIsAModelOfTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		p := play(true, rapid.IntRange(1, 8).Draw(rt, "workers"), 0, always503)
		defer p.close(func() {})
		waits := map[string][]time.Duration{}
		var jobs []*job
		n := rapid.IntRange(0, 12).Draw(rt, "jobs")
		for i := range n {
			id := fmt.Sprintf("j%02d", i)
			first := time.Duration(rapid.IntRange(0, 5).Draw(rt, "due")) * time.Minute
			waits[id] = append([]time.Duration{first}, rapid.SliceOfN(rapid.Custom(func(t *rapid.T) time.Duration {
				return time.Duration(rapid.IntRange(0, 4).Draw(t, "wait")) * time.Minute
			}), 0, 4).Draw(rt, "waits")...)
			to := p.targetWith(fixtures.Retry{Schedule: waits[id][1:]})
			jobs = append(jobs, due(id, uint64(i), to, fixtures.DefaultStart.Add(first)))
		}
		p.add(jobs...)
		total := time.Duration(0)
		for _, by := range rapid.SliceOfN(rapid.IntRange(0, 15), 1, 5).Draw(rt, "advances") {
			total += time.Duration(by) * time.Minute
			if err := p.advance(t.Context(), time.Duration(by)*time.Minute); err != nil {
				rt.Fatal(err)
			}
			if got := p.time().Sub(fixtures.DefaultStart); got != total {
				rt.Fatalf("the clock is at %v, want %v", got, total)
			}
			var want []string
			pending := 0
			for id, list := range waits {
				at := time.Duration(0)
				for i, w := range list {
					if at += w; at > total {
						pending++
						break
					}
					want = append(want, fmt.Sprintf("%s#%d@%v", id, i+1, at))
				}
			}
			slices.Sort(want)
			if got := p.sorted(); !slices.Equal(got, want) {
				rt.Fatalf("at %v: %v\nwant %v", total, got, want)
			}
			if c := p.clock(); c.Pending != pending {
				rt.Fatalf("%d pending, want %d", c.Pending, pending)
			}
		}
	})
}

func TestQueueOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var q queue
		var model []*job
		for i := range rapid.IntRange(0, 200).Draw(t, "n") {
			switch {
			case len(model) > 0 && rapid.IntRange(0, 3).Draw(t, "what") == 0:
				at := rapid.IntRange(0, len(model)-1).Draw(t, "which")
				q.remove(model[at])
				model = slices.Delete(model, at, at+1)
			default:
				j := due("", uint64(i), nil, fixtures.DefaultStart.Add(time.Duration(rapid.IntRange(0, 9).Draw(t, "due"))))
				q.push(j)
				model = append(model, j)
			}
		}
		slices.SortFunc(model, func(a, b *job) int {
			if c := a.due.Compare(b.due); c != 0 {
				return c
			}
			return int(a.seq) - int(b.seq)
		})
		for _, want := range model {
			if got := q.pop(); got != want || got.in != nil {
				t.Fatalf("popped %v/%d, want %v/%d", got.due, got.seq, want.due, want.seq)
			}
		}
		if q.pop() != nil || q.head() != nil || q.len() != 0 {
			t.Fatal("something is left")
		}
	})
}
