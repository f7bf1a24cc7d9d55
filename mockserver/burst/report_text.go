package burst

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/hookrig/hookrig/internal/terminal"
)

// WriteText writes the report for people: the thresholds first, then the events, the times and
// where the events went.
func (r *Report) WriteText(w io.Writer) error {
	var b terminal.Builder
	r.textThresholds(&b)
	r.textEvents(&b)
	r.textFaults(&b)
	if r.Generator.Measured > 0 {
		r.textTimes(&b)
	}
	r.textShards(&b)
	if a := r.Accounting; a != nil {
		b.Printf("captured      %d, lost %d, duplicated %d, unexpected %d, corrupted %d, out of order %d\n", a.Captured, a.Lost, a.Duplicated, a.Unexpected, a.Corrupted, a.OutOfOrder)
		if a.Unacknowledged > 0 {
			b.Printf("              %d of them without a 2xx: a response was lost, not the event\n", a.Unacknowledged)
		}
	}
	for _, problem := range r.Problems {
		b.Printf("problem       %s\n", problem)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) textThresholds(b *terminal.Builder) {
	if len(r.Thresholds) == 0 {
		return
	}
	width := 0
	for _, t := range r.Thresholds {
		width = max(width, len(t.Threshold.String()))
	}
	b.Printf("thresholds\n")
	for _, t := range r.Thresholds {
		b.Printf("  %s %-*s  %s\n", t.mark(), width, t.Threshold.String(), t.Text)
	}
}

// mark is the sign before a threshold.
func (t *ThresholdResult) mark() string {
	switch {
	case t.OK:
		return "✓"
	case t.Unknown:
		return "?"
	}
	return "✗"
}

func (r *Report) textEvents(b *terminal.Builder) {
	b.Printf("sent          %d of %d in %.2f s, %.0f/s", r.Sent, r.Intended, r.Seconds, r.Rate)
	if !r.Shape.Closed() {
		b.Printf(", %.2f %% of the intended rate", r.RateShare*100)
	}
	if r.WarmUpSeconds > 0 {
		b.Printf(" after %g s of warm-up", r.WarmUpSeconds)
	}
	b.Printf("\nacknowledged  %d", r.Acknowledged)
	if r.Faulted > 0 {
		b.Printf(" of the %d without a fault", r.Sent-r.Faulted)
	}
	b.Printf("\n")
	for _, outcome := range slices.Sorted(maps.Keys(r.Outcomes)) {
		b.Printf("  %-12s%d%s\n", outcome, r.Outcomes[outcome], r.statusesOf(outcome))
	}
	if len(r.Reasons) > 0 {
		b.Printf("reasons\n")
		for _, reason := range byCount(r.Reasons) {
			b.Printf("  %-8d %s\n", r.Reasons[reason], reason)
		}
	}
}

func (r *Report) textFaults(b *terminal.Builder) {
	for _, f := range r.Faults {
		b.Printf("fault         %s: %d sent", f.Fault, f.Sent)
		for _, outcome := range slices.Sorted(maps.Keys(f.Outcomes)) {
			b.Printf(", %s %d", outcome, f.Outcomes[outcome])
		}
		if f.Impossible > 0 {
			b.Printf("; %d events could not have it: %s", f.Impossible, f.Why)
		}
		b.Printf("\n")
		if f.Forged && f.Accepted > 0 && r.Accounting == nil { // a bin accepts everything
			b.Printf("              %d forged events got a 2xx: the consumer does not check the signature\n", f.Accepted)
		}
	}
}

// textTimes prints the latencies together, and whether they are also the generator's. Nothing is
// late without a rate, so that the lag is left out then.
func (r *Report) textTimes(b *terminal.Builder) {
	b.Printf("%-14s%9s%9s%9s%9s%9s  ms\n", "", "p50", "p90", "p99", "p99.9", "max")
	line := func(name string, l Latency) {
		b.Printf("%-14s%9.2f%9.2f%9.2f%9.2f%9.2f\n", name, l.P50, l.P90, l.P99, l.P999, l.Max)
	}
	if !r.Shape.Closed() {
		line("lag", r.Lag)
		line("service", r.Service)
	}
	line("response", r.Response)
	if r.SuccessResponse != r.Response && r.SuccessResponse.Max > 0 {
		line("  with 2xx", r.SuccessResponse)
	}
	b.Printf("generator     %s\n", r.Generator)
}

// textShards prints a line for each shard.
func (r *Report) textShards(b *terminal.Builder) {
	if len(r.Shards) == 0 {
		return
	}
	width := len("node")
	for _, s := range r.Shards {
		width = max(width, len(s.Node))
	}
	b.Printf("shards  %-*s %18s %18s %11s %11s %8s\n", width, "node", "clock behind, ms", "at the end", "sent", "of", "late")
	for _, s := range r.Shards {
		b.Printf("%6d  %-*s %18s %18s %11d %11d %8d\n", s.Number, width, s.Node,
			fmt.Sprintf("%.2f ± %.2f", s.ClockOffset, s.ClockError), fmt.Sprintf("%.2f ± %.2f", s.ClockOffsetEnd, s.ClockErrorEnd), s.Sent, s.Intended, s.Late)
		if s.Problem != "" {
			b.Printf("        %s\n", s.Problem)
		}
	}
}

// String says in a sentence how well the machine kept to the plan.
func (g Generator) String() string {
	text := fmt.Sprintf("late in %d of %d", g.Late, g.Measured)
	if g.Queued > 0 {
		text += fmt.Sprintf("; in %d more no connection was free", g.Queued)
	}
	if g.CPU > 0 {
		text += fmt.Sprintf("; used %.0f %% of %d cores", g.CPU*100, g.Cores)
	}
	if g.Slow() {
		text += ": these figures are also those of this machine"
	}
	return text
}

// statusesOf lists the statuses in a class other than 2xx, with the number of responses.
func (r *Report) statusesOf(outcome string) string {
	class, ok := strings.CutSuffix(outcome, "xx")
	if !ok || class == "2" {
		return ""
	}
	var parts []string
	for _, status := range slices.Sorted(maps.Keys(r.Statuses)) {
		if strconv.Itoa(status/100) == class {
			parts = append(parts, fmt.Sprintf("%d × %d", r.Statuses[status], status))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// byCount returns the reasons, the most frequent first.
func byCount(reasons map[string]uint64) []string {
	list := slices.Sorted(maps.Keys(reasons))
	slices.SortStableFunc(list, func(a, b string) int { return cmp.Compare(reasons[b], reasons[a]) })
	return list
}
