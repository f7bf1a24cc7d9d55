package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hookrig/hookrig/mockserver/burst"
)

// watchBurst returns what shows the progress of a burst, and a function that ends it: a line that
// is redrawn on a terminal, a line every ten seconds elsewhere, and the metrics of --metrics.
func watchBurst(w World, b *burstFlags) (watch func(burst.Progress) error, end func(), err error) {
	show := plainProgress(w)
	if w.Stderr.IsTerminal() && w.Getenv("TERM") != "dumb" {
		line := &liveLine{w: w, width: cmp.Or(w.width(), 80)}
		show = func(p burst.Progress, ended bool) {
			if ended {
				line.end()
			} else {
				line.show(progressText(p))
			}
		}
	}
	metrics, err := serveBurstMetrics(b.metrics)
	if err != nil {
		return nil, nil, misusef("--metrics: %w", err)
	}
	if metrics != nil {
		w.Stderr.Printf("metrics at http://%s/metrics\n", metrics.address)
	}
	var last burst.Progress
	return func(p burst.Progress) error {
			show(p, false)
			metrics.update(p)
			last = p
			return nil
		}, func() {
			show(last, true)
			metrics.close()
		}, nil
}

// plainEvery is the time between two lines of progress where there is no terminal.
const plainEvery = 10 * time.Second

// plainProgress prints a line every ten seconds.
func plainProgress(w World) func(p burst.Progress, ended bool) {
	next := plainEvery
	return func(p burst.Progress, ended bool) {
		if ended || p.Elapsed < next {
			return
		}
		next = p.Elapsed.Truncate(plainEvery) + plainEvery
		w.Stderr.Printf("%s\n", progressText(p))
	}
}

// progressText is the progress on one line: time and time left, rate against the intended one,
// latencies, and what went wrong.
func progressText(p burst.Progress) string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	clock := p.Elapsed.Truncate(time.Second).String()
	switch {
	case p.Left > 0:
		clock += ", " + p.Left.Round(time.Second).String() + " left"
	case p.Intended > 0 && p.Sent > 0 && p.Sent < p.Intended:
		left := time.Duration(float64(p.Elapsed) / float64(p.Sent) * float64(p.Intended-p.Sent))
		clock += ", about " + left.Round(time.Second).String() + " left"
	}
	add("%s", clock)
	if p.Intended > 0 {
		add("%d of %d sent", p.Sent, p.Intended)
	} else {
		add("%d sent", p.Sent)
	}
	if p.Last.Intended > 0 {
		add("%d/s of %.0f/s", p.Last.Sent, p.Last.Intended)
	} else if p.Last.Sent > 0 {
		add("%d/s", p.Last.Sent)
	}
	if p.Response.Max > 0 {
		add("p50 %.1f p99 %.1f ms", p.Response.P50, p.Response.P99)
	}
	if p.Lag.P99 > 2 {
		add("lag p99 %.0f ms", p.Lag.P99)
	}
	if p.InFlight > 0 {
		add("%d in flight", p.InFlight)
	}
	if p.Dropped > 0 {
		add("%d dropped", p.Dropped)
	}
	for _, outcome := range []string{"3xx", "4xx", "5xx", "not_sent", "partly_written", "no_reply"} {
		if n := p.Outcomes[outcome]; n > 0 {
			add("%s %d", outcome, n)
		}
	}
	return strings.Join(parts, "  ")
}

// liveLine is a line of a terminal that is redrawn.
type liveLine struct {
	w     World
	width int
	shown int
}

func (l *liveLine) show(text string) {
	if runes := []rune(text); len(runes) >= l.width {
		text = string(runes[:l.width-2]) + "…"
	}
	n := utf8.RuneCountInString(text)
	l.w.Stderr.Redraw()
	l.w.Stderr.Printf("%s%s", text, strings.Repeat(" ", max(0, l.shown-n)))
	l.shown = n
}

// end empties the line.
func (l *liveLine) end() {
	l.show("")
	l.w.Stderr.Redraw()
}
