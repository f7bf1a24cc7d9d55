package delivery

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// answering listens on loopback and answers each request with the same bytes, spending as little as
// it can.
func answering(b *testing.B, response string) (url string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	var group sync.WaitGroup
	b.Cleanup(func() { l.Close(); group.Wait() })
	group.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			group.Go(func() {
				defer c.Close()
				r := bufio.NewReader(c)
				for answer(r) {
					if _, err := io.WriteString(c, response); err != nil {
						return
					}
				}
			})
		}
	})
	return "http://" + l.Addr().String() + "/in"
}

// answer reads one request and says whether it was there.
func answer(r *bufio.Reader) bool {
	length := 0
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return false
		}
		if len(line) <= len("\r\n") {
			_, err := r.Discard(length)
			return err == nil
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			for _, c := range bytes.TrimSpace(value) {
				length = 10*length + int(c-'0')
			}
		}
	}
}

const (
	failing    = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
	succeeding = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
)

// BenchmarkEmit is the time from Emit to delivered: one event is rendered after the other, and many
// are in flight.
func BenchmarkEmit(b *testing.B) {
	for _, name := range []string{"neostore", "ethpass"} {
		b.Run(name, func(b *testing.B) {
			d := start(b, Options{Virtual: true})
			register(b, d, journal.Endpoint{Provider: name, URL: answering(b, succeeding)})
			event := knownProvider(b, name).Events[0].Name
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.Emit(b.Context(), name, Emission{Event: event}); err != nil {
					b.Fatal(err)
				}
			}
			if err := d.WaitIdle(b.Context()); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
			d.Close()
		})
	}
}

// BenchmarkBareHeap is the same 10 000 × 10 due times through the queue alone: what the schedule
// would cost if an attempt cost nothing.
func BenchmarkBareHeap(b *testing.B) {
	const deliveries, attempts = 10_000, 10
	for b.Loop() {
		var q queue
		jobs := make([]job, deliveries)
		for i := range jobs {
			jobs[i] = job{seq: uint64(i), due: fixtures.DefaultStart}
			q.push(&jobs[i])
		}
		for j := q.pop(); j != nil; j = q.pop() {
			if j.attempts++; j.attempts < attempts {
				j.due = j.due.Add(8 * time.Hour)
				q.push(j)
			}
		}
	}
	b.ReportMetric(float64(deliveries*attempts*b.N)/b.Elapsed().Seconds(), "attempts/s")
}

// BenchmarkNext is one decision of policies with the most to decide.
func BenchmarkNext(b *testing.B) {
	for _, name := range []string{"adyen", "svix", "recurly", "dialpad"} {
		b.Run(name, func(b *testing.B) {
			r := likePolicy(b, name)
			f := Failed{N: 3, Failure: fixtures.Failure{Kind: fixtures.FailedStatus, Status: 503}}
			b.ReportAllocs()
			for b.Loop() {
				Next(r.For("sms.sent", f.Failure), f, nil)
			}
		})
	}
}
