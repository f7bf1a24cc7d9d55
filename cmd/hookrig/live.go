package main

import (
	"cmp"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/hookrig/hookrig/scenarios"
)

// live shows on one line of a terminal what the running scenarios are doing: the step, the attempts
// and the time left. A nil live shows nothing.
type live struct {
	w     World
	width int
	now   func() time.Time
	pause time.Duration // the shortest time between two updates of the line

	mu      sync.Mutex
	running []scenarios.Progress // in the order in which they began
	ended   int                  // number of scenarios that ended
	shown   int                  // width of the line that is shown
	drawn   time.Time            // when it was drawn
	stop    chan struct{}
	ticking sync.WaitGroup
}

// newLive returns a live view, or nil when stderr is not a terminal that can redraw a line.
func newLive(w World) *live {
	if !w.Stderr.IsTerminal() || w.Getenv("TERM") == "dumb" {
		return nil
	}
	l := &live{w: w, width: cmp.Or(w.width(), 80), now: time.Now, pause: 50 * time.Millisecond, stop: make(chan struct{})}
	l.ticking.Go(func() {
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-l.stop:
				return
			case <-tick.C:
				l.mu.Lock()
				l.show()
				l.mu.Unlock()
			}
		}
	})
	return l
}

// progress updates a scenario.
func (l *live) progress(p scenarios.Progress) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.running {
		if l.running[i].Scenario == p.Scenario {
			l.running[i] = p
			l.show()
			return
		}
	}
	l.running = append(l.running, p)
	l.show()
}

// clear removes a scenario that ended, and the line, so that its report can be printed.
func (l *live) clear(scenario string) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.running {
		if l.running[i].Scenario == scenario {
			l.running = append(l.running[:i], l.running[i+1:]...)
			break
		}
	}
	l.ended++
	l.erase()
}

// end removes the line and stops updating it.
func (l *live) end() {
	if l == nil {
		return
	}
	close(l.stop)
	l.ticking.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.erase()
}

// show draws the line.
func (l *live) show() {
	line := l.line()
	if line == "" || l.now().Sub(l.drawn) < l.pause {
		return
	}
	l.drawn = l.now()
	width := utf8.RuneCountInString(line)
	l.w.Stderr.Redraw()
	l.w.Stderr.Printf("%s%s", line, strings.Repeat(" ", max(l.shown-width, 0)))
	l.shown = width
}

func (l *live) erase() {
	if l.shown == 0 {
		return
	}
	l.w.Stderr.Redraw()
	l.w.Stderr.Printf("%s", strings.Repeat(" ", l.shown))
	l.w.Stderr.Redraw()
	l.shown = 0
}

// line returns the text of the line: as many scenarios as fit, the oldest first.
func (l *live) line() string {
	if len(l.running) == 0 {
		return ""
	}
	text := ""
	if l.ended > 0 {
		text = fmt.Sprintf("%d done  ", l.ended)
	}
	for i, p := range l.running {
		part := l.describe(p)
		if i > 0 {
			part = "; " + part
		}
		if utf8.RuneCountInString(text+part) >= l.width {
			if i > 0 {
				break
			}
			part = string([]rune(part)[:max(l.width-utf8.RuneCountInString(text)-2, 0)]) + "…"
		}
		text += part
	}
	return text
}

// describe returns the state of one scenario.
func (l *live) describe(p scenarios.Progress) string {
	text := fmt.Sprintf("%s %d/%d %s", p.Scenario, p.Number, p.Of, p.Step)
	if p.Attempts > 0 {
		text += fmt.Sprintf(", attempts: %d", p.Attempts)
	}
	if !p.Deadline.IsZero() && p.Done == nil {
		left := max(p.Deadline.Sub(l.now()), 0).Round(time.Second)
		text += fmt.Sprintf(", %s left", left)
	}
	return text
}
