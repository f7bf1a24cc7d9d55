package burst

import (
	"slices"
	"time"
)

// Progress is how far a burst has come.
type Progress struct {
	Elapsed time.Duration // since the start
	// Left is the time until the plan ends; 0 when a count ends it.
	Left time.Duration
	// Intended is how many events the plan has; 0 when only the run can tell.
	Intended uint64
	// Sent and Acknowledged count events without a fault so far; Dropped those that were not sent.
	Sent, Acknowledged, Dropped uint64
	// InFlight is how many requests wait for a response.
	InFlight int64
	// Outcomes counts the events without a fault, as in Report.
	Outcomes map[string]uint64
	// Last is the newest whole second; the zero Point before there is one.
	Last Point
	// Response and Lag are those of all events so far. They are updated once a second.
	Response, Lag Latency

	backup *Backup
}

// observe calls watch ten times a second, and once more at the end.
func (b *burst) observe(done <-chan struct{}, watch func(Progress) error) {
	// The thresholds are of all shards together.
	aborts := b.load.plan.Shard.whole() && slices.ContainsFunc(b.load.plan.Thresholds, func(t Threshold) bool { return t.abort })
	if watch == nil && !aborts {
		<-done
		return
	}
	if watch == nil {
		watch = func(Progress) error { return nil }
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	total, known := b.load.ofShard()
	if !known {
		total = 0
	}
	last := Progress{backup: &Backup{burst: b}}
	for n := 0; ; n++ {
		ended := false
		select {
		case <-done:
			ended = true
		case <-tick.C:
		}
		last = b.progress(last, total, ended || n%10 == 0 || n < 10)
		err := watch(last)
		if err == nil && aborts && n%10 == 9 {
			err = b.report(last.Elapsed).Ends(last.Elapsed)
		}
		if err != nil && !ended {
			b.abort(err)
			<-done
			ended = true
		}
		if ended {
			return
		}
	}
}

func (b *burst) progress(before Progress, total uint64, whole bool) Progress {
	m, plan := b.measure, b.load.plan
	m.mu.Lock()
	defer m.mu.Unlock()
	p := Progress{
		Elapsed: time.Since(b.start), Intended: total, Sent: m.sent, Acknowledged: m.acknowledged, Dropped: m.outcomes[dropped],
		InFlight: b.inFlight.Load(), Outcomes: counts(m.outcomes), Last: before.Last, Response: before.Response, Lag: before.Lag,
		backup: before.backup,
	}
	length := plan.Duration
	if d := plan.Shape.Duration(); d > 0 && (length == 0 || d < length) {
		length = d
	}
	p.Left = max(0, length-p.Elapsed)
	if whole {
		p.Response, p.Lag = latency(m.response), latency(m.lag)
		if points := m.series.all(plan.Shape); len(points) > 1 {
			p.Last = points[len(points)-2]
		}
	}
	return p
}
