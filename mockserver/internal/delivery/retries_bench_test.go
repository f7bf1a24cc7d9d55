//go:build unix

package delivery

import (
	"syscall"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// BenchmarkVirtualRetries is 10 000 deliveries of ten attempts each over three days, every attempt
// signed, sent to a consumer in this process and recorded.
func BenchmarkVirtualRetries(b *testing.B) {
	p := *knownProvider(b, "subscribfy")
	p.Delivery.Profiles = map[string]fixtures.Retry{"ten": {Base: 8 * time.Hour, Attempts: 10}}
	event, err := p.Render(fixtures.Draw{Seed: 1}, "wallet_pass/created", fixtures.RenderOptions{})
	if err != nil {
		b.Fatal(err)
	}
	const deliveries = 10_000
	url := answering(b, failing)
	used := processorTime()
	for b.Loop() {
		b.StopTimer()
		d := start(b, Options{Virtual: true})
		to := targetOf(b, d, &p, journal.Endpoint{Provider: "subscribfy", URL: url, Retry: "ten"})
		envelopes := make([]envelope, deliveries)
		for i := range envelopes {
			envelopes[i] = envelope{event: event, recipients: []recipient{{target: to}}}
		}
		b.StartTimer()
		if _, err := d.enqueue(b.Context(), envelopes); err != nil {
			b.Fatal(err)
		}
		if _, err := d.Advance(b.Context(), 3*24*time.Hour); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		got, err := d.store.Deliveries(b.Context(), journal.DeliveryQuery{State: journal.Exhausted, Limit: 1})
		if err != nil || len(got) != 1 || len(got[0].Attempts) != 10 || d.Clock().Pending != 0 {
			b.Fatalf("%+v, %v", d.Clock(), err)
		}
		d.Close()
		b.StartTimer()
	}
	b.ReportMetric(float64(deliveries*10*b.N)/b.Elapsed().Seconds(), "attempts/s")
	b.ReportMetric(float64((processorTime()-used).Microseconds())/float64(deliveries*10*b.N), "cpu-µs/attempt")
}

// processorTime is what this process has used of the processors, the consumer included. It says
// more than the wall clock where the machine is shared.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
