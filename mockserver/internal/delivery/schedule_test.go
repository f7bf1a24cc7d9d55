package delivery

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// played is a schedule whose jobs do nothing but be noted.
type played struct {
	schedule
	mu    sync.Mutex
	notes []string
	most  int // jobs under way at once
	busy  int
}

// play opens a schedule whose attempts take that long, and after which jobs come again as retry says.
func play(virtual bool, workers int, takes time.Duration, retry func(j *job) (time.Duration, bool)) *played {
	p := &played{}
	p.virtual, p.workers = virtual, workers
	p.perform = func(j *job) (time.Time, bool) {
		p.mu.Lock()
		p.busy++
		p.most = max(p.most, p.busy)
		p.notes = append(p.notes, fmt.Sprintf("%s#%d@%v", j.id, j.attempts+1, j.due.Sub(fixtures.DefaultStart)))
		p.mu.Unlock()
		if takes > 0 {
			select {
			case <-time.After(takes):
			case <-j.target.ctx.Done():
			}
		}
		wait, again := retry(j)
		p.mu.Lock()
		p.busy--
		p.mu.Unlock()
		return p.time().Add(wait), again
	}
	p.abandon = func(j *job) {
		p.mu.Lock()
		p.notes = append(p.notes, j.id+" abandoned")
		p.mu.Unlock()
	}
	p.open(fixtures.DefaultStart)
	return p
}

func once(*job) (time.Duration, bool) { return 0, false }

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

func plainTarget() *target {
	return newTarget(context.Background(), &endpointConfig{provider: &fixtures.Provider{}, endpoint: journal.Endpoint{}})
}

func due(id string, seq uint64, to *target, at time.Time) *job {
	return &job{id: id, seq: seq, target: to, due: at}
}

func TestTheRealClockWakesWhenSomethingIsDue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := play(false, 4, 0, func(j *job) (time.Duration, bool) { return time.Hour, j.attempts < 2 })
		defer p.close(func() {})
		to := plainTarget()
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
			p := play(true, c.workers, time.Second, once)
			var jobs []*job
			targets := make([]*target, c.targets)
			for i := range targets {
				targets[i] = plainTarget()
			}
			for i := range 40 {
				jobs = append(jobs, due(fmt.Sprint(i), uint64(i), targets[i%c.targets], fixtures.DefaultStart))
			}
			begin := time.Now()
			p.add(jobs...)
			if err := p.settle(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := len(p.listed()); n != 40 || p.most != c.most {
				t.Errorf("%+v: %d done, %d at once", c, n, p.most)
			}
			if took, want := time.Since(begin), time.Duration((40+c.most-1)/c.most)*time.Second; took != want {
				t.Errorf("%+v: took %v, want %v: some were held back for no reason", c, took, want)
			}
			p.close(func() {})
		}
	})
}

func TestAHangingEndpointLeavesTheOthersWorkers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := play(true, 4, time.Hour, once)
		slow, quick := plainTarget(), plainTarget()
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
		failing := map[string]bool{"b": true}
		p := play(true, 8, time.Second, func(j *job) (time.Duration, bool) { return 10 * time.Second, failing[j.id] && j.attempts < 2 })
		defer p.close(func() {})
		to := plainTarget()
		var jobs []*job
		for i, id := range []string{"a", "b", "c", "d", "e"} {
			j := due(id, uint64(i), to, fixtures.DefaultStart)
			j.ordered = true
			jobs = append(jobs, j)
		}
		jobs[2].due = fixtures.DefaultStart.Add(10 * time.Second) // c is late, together with b's retry
		slices.Reverse(jobs)
		p.add(jobs...)
		if err := p.settle(t.Context()); err != nil {
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
		p := play(true, 4, time.Hour, func(*job) (time.Duration, bool) { return time.Hour, true })
		defer p.close(func() {})
		to := plainTarget()
		var jobs []*job
		for i := range 10 {
			jobs = append(jobs, due(fmt.Sprint(i), uint64(i), to, fixtures.DefaultStart.Add(time.Duration(i/5)*time.Hour)))
		}
		p.add(jobs...)
		synctest.Wait()
		begin := time.Now()
		p.dismiss(to, errRemoved)
		if time.Since(begin) != 0 {
			t.Errorf("it took %v: what was under way was not cut short", time.Since(begin))
		}
		abandoned := 0
		for _, note := range p.listed() {
			if len(note) > 1 && note[1:] == " abandoned" {
				abandoned++
			}
		}
		if len(p.listed()) != 12 || abandoned != 10 || p.clock().Pending != 0 {
			t.Errorf("%v, %d pending; want two begun and all ten abandoned", p.listed(), p.clock().Pending)
		}
		p.add(due("x", 11, to, fixtures.DefaultStart))
		if err := p.settle(t.Context()); err != nil || p.listed()[12] != "x abandoned" || len(p.listed()) != 13 {
			t.Errorf("what came after: %v, %v", p.listed()[12:], err)
		}
	})
}

// The model: a sorted list, played by hand.
func TestAdvanceIsAModelOfTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		waits := map[string][]time.Duration{}
		var jobs []*job
		to := plainTarget()
		n := rapid.IntRange(0, 12).Draw(rt, "jobs")
		for i := range n {
			id := fmt.Sprintf("j%02d", i)
			first := time.Duration(rapid.IntRange(0, 5).Draw(rt, "due")) * time.Minute
			jobs = append(jobs, due(id, uint64(i), to, fixtures.DefaultStart.Add(first)))
			waits[id] = append([]time.Duration{first}, rapid.SliceOfN(rapid.Custom(func(t *rapid.T) time.Duration {
				return time.Duration(rapid.IntRange(0, 4).Draw(t, "wait")) * time.Minute
			}), 0, 4).Draw(rt, "waits")...)
		}
		p := play(true, rapid.IntRange(1, 8).Draw(rt, "workers"), 0, func(j *job) (time.Duration, bool) {
			if j.attempts+1 >= len(waits[j.id]) {
				return 0, false
			}
			return waits[j.id][j.attempts+1], true
		})
		defer p.close(func() {})
		p.add(jobs...)
		total := time.Duration(0)
		for _, by := range rapid.SliceOfN(rapid.IntRange(0, 15), 1, 5).Draw(rt, "advances") {
			total += time.Duration(by) * time.Minute
			if err := p.advance(t.Context(), time.Duration(by)*time.Minute); err != nil {
				rt.Fatal(err)
			}
			if got := p.time().Sub(fixtures.DefaultStart); got != total {
				rt.Fatalf("the clock stands at %v, want %v", got, total)
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
