package burst

import "time"

// Progress is how far a burst has come.
type Progress struct {
	Elapsed      time.Duration // since the start
	Sent         uint64        // events so far
	Acknowledged uint64        // those with a 2xx
}

// watch calls progress ten times a second, and once more at the end.
func watch(done <-chan struct{}, workers []*worker, start time.Time, progress func(Progress)) {
	if progress == nil {
		<-done
		return
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		ended := false
		select {
		case <-done:
			ended = true
		case <-tick.C:
		}
		p := Progress{Elapsed: time.Since(start)}
		for _, w := range workers {
			p.Sent += w.sent.Load()
			p.Acknowledged += w.acknowledged.Load()
		}
		progress(p)
		if ended {
			return
		}
	}
}
