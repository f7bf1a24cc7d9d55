package main

import (
	"context"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/mockserver/burst"
)

// burstMetrics serves the progress of a burst to Prometheus. A nil burstMetrics does nothing.
type burstMetrics struct {
	address string
	server  *http.Server
	done    chan struct{}

	mu   sync.Mutex
	last burst.Progress
}

// serveBurstMetrics listens at an address; "" returns nil.
func serveBurstMetrics(address string) (*burstMetrics, error) {
	if address == "" {
		return nil, nil
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	m := &burstMetrics{address: listener.Addr().String(), done: make(chan struct{})}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", m)
	m.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		defer close(m.done)
		_ = m.server.Serve(listener) // until close
	}()
	return m, nil
}

func (m *burstMetrics) update(p burst.Progress) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last = p
}

func (m *burstMetrics) close() {
	if m == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if m.server.Shutdown(ctx) != nil {
		m.server.Close()
	}
	<-m.done
}

// ServeHTTP writes the newest progress in the text format 0.0.4 of Prometheus.
func (m *burstMetrics) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	m.mu.Lock()
	p := m.last
	m.mu.Unlock()
	var b terminal.Builder
	family := func(name, kind, help string) { b.Printf("# HELP %s %s\n# TYPE %[1]s %[3]s\n", name, help, kind) }
	family("hookrig_burst_events_total", "counter", "Events without a fault, by outcome.")
	for _, outcome := range slices.Sorted(maps.Keys(p.Outcomes)) {
		b.Printf("hookrig_burst_events_total{outcome=%q} %d\n", outcome, p.Outcomes[outcome])
	}
	family("hookrig_burst_in_flight", "gauge", "Requests that wait for a response.")
	b.Printf("hookrig_burst_in_flight %d\n", p.InFlight)
	family("hookrig_burst_rate", "gauge", "Events a second, achieved and intended.")
	b.Printf("hookrig_burst_rate{of=\"achieved\"} %d\nhookrig_burst_rate{of=\"intended\"} %g\n", p.Last.Sent, p.Last.Intended)
	for name, l := range map[string]burst.Latency{"lag": p.Lag, "response": p.Response} {
		full := "hookrig_burst_" + name + "_seconds"
		family(full, "gauge", "Quantiles of all events so far.")
		for _, q := range []struct {
			quantile string
			ms       float64
		}{{"0.5", l.P50}, {"0.9", l.P90}, {"0.99", l.P99}, {"0.999", l.P999}, {"1", l.Max}} {
			b.Printf("%s{quantile=%q} %g\n", full, q.quantile, q.ms/1000)
		}
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = w.Write([]byte(b.String())) // the client has left
}
