package dashboard

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"sync"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/problem"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// metrics returns metrics in the Prometheus text exposition format 0.0.4.
func (k *dashboard) metrics(ctx context.Context, _ *struct{}) (*textOut, error) {
	text, err := k.counts(ctx)
	return &textOut{expositionType, text}, err
}

// scrape serves the metrics at /metrics, where Prometheus looks for them.
func (k *dashboard) scrape(w http.ResponseWriter, r *http.Request) {
	text, err := k.counts(r.Context())
	if err != nil {
		problem.Of(err).Write(w)
		return
	}
	w.Header().Set("Content-Type", expositionType)
	_, _ = w.Write(text) // the client has left
}

const expositionType = "text/plain; version=0.0.4; charset=utf-8"

// counts renders the metrics of the server.
func (k *dashboard) counts(ctx context.Context) ([]byte, error) {
	var e exposition
	shared, _ := k.store.(journal.Shared)
	away := shared != nil && shared.Load().Away
	if !away {
		if err := k.countJournal(ctx, &e); err != nil {
			return nil, err
		}
	}
	k.countServer(&e)
	if shared != nil {
		countLoad(&e, shared.Load())
	}
	return e.Bytes(), nil
}

// countJournal writes what is in the journal, which all servers with the same store have in common,
// and which servers these are. While their database is away it is not known.
func (k *dashboard) countJournal(ctx context.Context, e *exposition) error {
	bins, err := k.store.Bins(ctx)
	if err != nil {
		return err
	}
	stats, err := k.store.Stats(ctx)
	if err != nil {
		return err
	}
	nodes, err := k.nodes(ctx)
	if err != nil {
		return err
	}
	if err := k.tally.count(ctx, k.store); err != nil {
		return err
	}
	e.family("hookrig_bins", "gauge", "Bins that have or had a capture. The store remembers only the latest of the empty ones.")
	e.sample("", "", float64(len(bins)))
	e.family("hookrig_captures_kept", "gauge", "Captures that the bins keep.")
	e.sample("", "", float64(stats.Captures))
	e.family("hookrig_captures_evicted_total", "counter", "Captures removed to make room or for their age, oldest first.")
	e.sample("", "", float64(stats.EvictedCaptures))
	e.family("hookrig_deliveries_evicted_total", "counter", "Deliveries removed to make room or for their age, oldest first.")
	e.sample("", "", float64(stats.EvictedDeliveries))
	e.family("hookrig_stored_bytes", "gauge", "Bytes of all records.")
	e.sample("", "", float64(stats.Bytes))
	e.family("hookrig_stored_bytes_limit", "gauge", "Limit of the bytes of all records; the oldest are removed to stay below it.")
	e.sample("", "", float64(k.store.Limits().Bytes))
	k.tally.write(e)
	countNodes(e, nodes)
	return nil
}

// countServer writes what this process has counted since its start.
func (k *dashboard) countServer(e *exposition) {
	seen := k.capture.Counts()
	e.family("hookrig_captures_total", "counter", "Requests captured since the start, including those with problems.")
	e.sample("", "", float64(seen.Captured))
	e.family("hookrig_captures_refused_total", "counter", "Requests not captured, by reason: the store refused them, the path names no bin, too many connections, TLS handshake failed.")
	e.sample("why", "unstored", float64(seen.Unstored))
	e.sample("why", "no_bin", float64(seen.Strays))
	e.sample("why", "connections", float64(seen.Refused))
	e.sample("why", "tls", float64(seen.TLSFailed))
	e.family("hookrig_capture_connections", "gauge", "Connections to the capture address.")
	e.sample("", "", float64(k.capture.Connections()))
	irregular := k.capture.Irregular()
	e.family("hookrig_captures_irregular_total", "counter", "Requests for a bin that failed, by kind. The bin's stats in the API have them by bin.")
	e.sample("kind", "size", float64(irregular.Refused.Size))
	e.sample("kind", "malformed", float64(irregular.Refused.Malformed))
	e.sample("kind", "no_room", float64(irregular.Refused.NoRoom))
	e.sample("kind", "failed", float64(irregular.Refused.Failed))
	e.sample("kind", "truncated", float64(irregular.Truncated))
	e.sample("kind", "aborted", float64(irregular.Aborted))
	e.family("hookrig_stream_dropped_total", "counter", "Captures not sent to readers of the event stream, because they were too far behind.")
	e.sample("", "", float64(irregular.Dropped))
	e.family("hookrig_captures_with_problems_total", "counter", "Captures of requests that were aborted, too large or malformed.")
	e.sample("", "", float64(seen.Problems))
	clock := k.providers.Clock()
	e.family("hookrig_deliveries_waiting", "gauge", "Deliveries with an attempt due later.")
	e.sample("", "", float64(clock.Pending))
	e.family("hookrig_streams", "gauge", "Readers of the event stream.")
	e.sample("", "", float64(k.streams.open.Load()))
	e.family("go_goroutines", "gauge", "Goroutines of the process.")
	e.sample("", "", float64(runtime.NumGoroutine()))
}

// tally counts finished deliveries and attempts. It counts each record once, and follows pending
// deliveries until they are finished.
type tally struct {
	mu       sync.Mutex
	last     uint64         // the highest seq counted so far
	pending  map[string]int // by the id of a pending delivery: how many attempts were counted
	states   map[journal.State]uint64
	outcomes map[wire.Outcome]uint64
}

// count adds the deliveries and attempts since the last call.
func (t *tally) count(ctx context.Context, store journal.Store) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.pending == nil {
		t.pending, t.states, t.outcomes = map[string]int{}, map[journal.State]uint64{}, map[wire.Outcome]uint64{}
	}
	if err := t.recount(ctx, store); err != nil {
		return err
	}
	fresh := journal.DeliveryQuery{After: t.last}
	return eachDelivery(ctx, store, fresh, func(d journal.Delivery) {
		t.last = max(t.last, d.Seq)
		t.add(d, 0)
	})
}

// recount reads the deliveries that were pending again. It reads those that are still pending by
// the page, and each finished one once.
func (t *tally) recount(ctx context.Context, store journal.Store) error {
	if len(t.pending) == 0 {
		return nil
	}
	before := t.pending
	t.pending = make(map[string]int, len(before))
	still := journal.DeliveryQuery{State: journal.Pending, Before: t.last + 1}
	err := eachDelivery(ctx, store, still, func(d journal.Delivery) {
		counted, known := before[d.ID]
		if !known {
			return
		}
		delete(before, d.ID)
		t.add(d, counted)
	})
	for id, counted := range before {
		if err != nil {
			t.pending[id] = counted // try it next time
			continue
		}
		d, err := store.Delivery(ctx, id)
		if err == nil { // an error means that it was evicted
			t.add(d, counted)
		}
	}
	return err
}

// eachDelivery calls do for every delivery that a query selects, newest first.
func eachDelivery(ctx context.Context, store journal.Store, query journal.DeliveryQuery, do func(journal.Delivery)) error {
	query.Limit = journal.MaxLimit
	for {
		page, err := store.Deliveries(ctx, query)
		if err != nil {
			return err
		}
		for _, d := range page {
			do(d)
		}
		if len(page) < journal.MaxLimit {
			return nil
		}
		query.Before = page[len(page)-1].Seq
	}
}

// add counts a delivery, without the first attempts, which were counted before.
func (t *tally) add(d journal.Delivery, counted int) {
	for _, a := range d.Attempts[min(counted, len(d.Attempts)):] {
		t.outcomes[a.Outcome]++
	}
	if d.State == journal.Pending {
		t.pending[d.ID] = len(d.Attempts)
		return
	}
	t.states[d.State]++
}

func (t *tally) write(e *exposition) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e.family("hookrig_deliveries_total", "counter", "Finished deliveries, by their state.")
	for _, s := range []journal.State{journal.Delivered, journal.Exhausted, journal.Stopped, journal.Dropped} {
		e.sample("state", string(s), float64(t.states[s]))
	}
	e.family("hookrig_attempts_total", "counter", "Attempts of deliveries, by outcome.")
	for _, o := range []wire.Outcome{wire.GotStatus, wire.NoResponse, wire.PartlyWritten, wire.NotSent} {
		e.sample("outcome", string(o), float64(t.outcomes[o]))
	}
}

// exposition writes metric families.
type exposition struct {
	bytes.Buffer
	name string
}

// family begins a metric family; its samples follow.
func (e *exposition) family(name, kind, help string) {
	e.name = name
	fmt.Fprintf(e, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

// sample writes one value. An empty label writes none.
func (e *exposition) sample(label, value string, v float64) {
	e.WriteString(e.name)
	if label != "" {
		fmt.Fprintf(e, "{%s=%s}", label, strconv.Quote(value))
	}
	e.WriteByte(' ')
	e.WriteString(strconv.FormatFloat(v, 'g', -1, 64))
	e.WriteByte('\n')
}
