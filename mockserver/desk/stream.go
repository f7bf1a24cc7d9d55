package desk

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/hookrig/hookrig/mockserver/journal"
	"github.com/hookrig/hookrig/mockserver/problem"
)

// Bounds of the stream. A stream looks at the journal by itself, so a slow reader holds up nobody but itself.
const (
	maxStreams   = 64                    // at a time
	maxBehind    = 10_000                // captures: a reader further behind is told what it missed instead
	maxWatched   = 100                   // pending deliveries whose next attempts are told
	streamBatch  = 32                    // captures read at a time, as each may hold 16 MiB
	heartbeat    = 15 * time.Second      // a comment, so that nobody on the way gives the connection up
	writeLimit   = 10 * time.Second      // for one batch: a reader slower than that comes again
	streamPacing = 50 * time.Millisecond // between two looks, however much arrives
)

// streams counts the streams that are open.
type streams struct{ open atomic.Int64 }

// streamIn says where to begin.
type streamIn struct {
	Bin         string `query:"bin" doc:"only this bin's captures"`
	After       string `query:"after" doc:"begin after this id; left out: with what is new from now on"`
	LastEventID string `header:"Last-Event-ID" doc:"the same, as a browser sends it when it comes again"`
}

// streamed documents the stream.
func streamed(_ huma.API, op *huma.Operation) {
	op.Description = "Events: ready (where the stream begins), capture (a Capture), delivery (a Delivery: new, or with another attempt), " +
		"skipped (which seqs the reader is not told of, {kind, from, to, why}: \"behind\", the reader is too far behind, or \"gone\", " +
		"they were evicted or deleted before it was told; of one bin, some of them may be). " +
		"The id of an event is CAPTURE-DELIVERY, the highest seq of each so far. A position that the journal has not reached, " +
		"because it began anew, counts as its beginning."
	op.Responses = map[string]*huma.Response{"200": {
		Description: "Events, until the reader leaves",
		Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}},
	}}
}

func (k *desk) stream(ctx context.Context, in *streamIn) (*huma.StreamResponse, error) {
	at, err := k.begin(ctx, cmp.Or(in.After, in.LastEventID))
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		r, w := humago.Unwrap(c)
		if k.streams.open.Add(1) > maxStreams {
			k.streams.open.Add(-1)
			problem.New(http.StatusServiceUnavailable, fmt.Sprintf("%d streams are open: close one", maxStreams)).Write(w)
			return
		}
		defer k.streams.open.Add(-1)
		f := &follower{desk: k, bin: in.Bin, cursor: at, w: w, control: http.NewResponseController(w), watched: map[string]int{}}
		f.follow(r.Context())
	}}, nil
}

// cursor is how far a stream has come: the highest seq of both kinds.
type cursor struct{ capture, delivery uint64 }

func (c cursor) String() string { return fmt.Sprintf("%d-%d", c.capture, c.delivery) }

// begin reads a cursor; "" is the end of the journal as it stands.
func (k *desk) begin(ctx context.Context, text string) (cursor, error) {
	if text == "" {
		return k.end(ctx)
	}
	capture, delivery, both := strings.Cut(text, "-")
	var c cursor
	var err error
	if c.capture, err = strconv.ParseUint(capture, 10, 64); err == nil && both {
		c.delivery, err = strconv.ParseUint(delivery, 10, 64)
	}
	if err != nil || !both {
		return c, problem.New(http.StatusUnprocessableEntity,
			fmt.Sprintf("stream position %q: want the id of an event of the stream, as in 12-7", text))
	}
	end, err := k.end(ctx)
	if c.capture > end.capture {
		c.capture = 0
	}
	if c.delivery > end.delivery {
		c.delivery = 0
	}
	return c, err
}

// end is the highest seq of both kinds that was given, whether the record is still there or not.
func (k *desk) end(ctx context.Context) (cursor, error) {
	var c cursor
	bins, err := k.store.Bins(ctx)
	if err != nil {
		return c, err
	}
	for _, b := range bins {
		c.capture = max(c.capture, b.Last)
	}
	deliveries, err := k.store.Deliveries(ctx, journal.DeliveryQuery{Limit: 1})
	if err != nil {
		return c, err
	}
	if len(deliveries) > 0 {
		c.delivery = deliveries[0].Seq
	}
	return c, nil
}

// follower sends one reader what is new.
type follower struct {
	*desk
	bin     string
	cursor  cursor
	watched map[string]int // pending deliveries that were sent, and with how many attempts
	w       http.ResponseWriter
	control *http.ResponseController
}

// follow sends until the reader leaves, the rig stops, or the reader is too slow.
func (f *follower) follow(ctx context.Context) {
	f.w.Header().Set("Content-Type", "text/event-stream")
	f.w.Header().Set("X-Accel-Buffering", "no") // proxies of the nginx kind would hold it back
	f.w.WriteHeader(http.StatusOK)
	if f.send("ready", map[string]uint64{"captures": f.cursor.capture, "deliveries": f.cursor.delivery}) != nil || f.flush() != nil {
		return
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	pace := time.NewTicker(streamPacing)
	defer pace.Stop()
	for {
		changed := f.store.Changed()
		if f.news(ctx) != nil || f.flush() != nil {
			return
		}
		for waiting := true; waiting; {
			select {
			case <-changed:
				waiting = false
			case <-beat.C:
				if f.write([]byte(": still here\n\n")) != nil || f.flush() != nil {
					return
				}
			case <-ctx.Done():
				return
			}
		}
		select {
		case <-pace.C:
		case <-ctx.Done():
			return
		}
	}
}

// news sends all that the journal has beyond the cursor.
func (f *follower) news(ctx context.Context) error {
	if err := f.captures(ctx); err != nil {
		return err
	}
	if err := f.deliveries(ctx); err != nil {
		return err
	}
	return f.attempts(ctx)
}

func (f *follower) captures(ctx context.Context) error {
	// Far behind, there is more news than anyone reads: say so, and go on with the newest.
	end, err := f.store.Captures(ctx, journal.CaptureQuery{Limit: 1})
	if err != nil || len(end) == 0 {
		return err
	}
	if newest := end[0].Seq; newest > f.cursor.capture+maxBehind {
		if err := f.capture.Dropped(ctx, f.bin, f.cursor.capture, newest-maxBehind); err != nil {
			return err
		}
		if err := f.skip("capture", &f.cursor.capture, newest-maxBehind, behind); err != nil {
			return err
		}
	}
	held, err := f.heldBefore(ctx)
	if err != nil {
		return err
	}
	for {
		batch, err := f.store.Captures(ctx, journal.CaptureQuery{Bin: f.bin, After: f.cursor.capture, Limit: streamBatch, Oldest: true})
		if err != nil {
			return err
		}
		for _, c := range batch {
			if (f.bin == "" || !held) && c.Seq > f.cursor.capture+1 {
				if err := f.skip("capture", &f.cursor.capture, c.Seq-1, gone); err != nil {
					return err
				}
			}
			f.cursor.capture, held = c.Seq, true
			if err := f.send("capture", newCaptured(c)); err != nil {
				return err
			}
		}
		if len(batch) < streamBatch {
			f.cursor.capture = max(f.cursor.capture, end[0].Seq) // the others are of other bins
			return nil
		}
	}
}

// heldBefore says whether none of the bin's captures behind the cursor can be gone: the oldest go first, so one before it
// that is still there shows that. Of all bins together every seq is some capture's, so there is nothing to ask.
func (f *follower) heldBefore(ctx context.Context) (bool, error) {
	if f.bin == "" {
		return true, nil
	}
	before, err := f.store.Captures(ctx, journal.CaptureQuery{Bin: f.bin, Before: f.cursor.capture + 1, Limit: 1})
	if err != nil || len(before) > 0 {
		return true, err
	}
	bins, err := f.store.Bins(ctx)
	for _, b := range bins {
		if b.Name == f.bin {
			return b.Evicted == 0 && b.Cleared == 0, err
		}
	}
	return true, err
}

func (f *follower) deliveries(ctx context.Context) error {
	batch, err := f.store.Deliveries(ctx, journal.DeliveryQuery{After: f.cursor.delivery, Limit: journal.MaxLimit})
	if err != nil || len(batch) == 0 {
		return err
	}
	slices.Reverse(batch)
	if first := batch[0].Seq; len(batch) == journal.MaxLimit && first > f.cursor.delivery+1 {
		if err := f.skip("delivery", &f.cursor.delivery, first-1, behind); err != nil {
			return err
		}
	}
	for _, d := range batch {
		if d.Seq > f.cursor.delivery+1 {
			if err := f.skip("delivery", &f.cursor.delivery, d.Seq-1, gone); err != nil {
				return err
			}
		}
		f.cursor.delivery = d.Seq
		if d.State == journal.Pending && len(f.watched) < maxWatched {
			f.watched[d.ID] = len(d.Attempts)
		}
		if err := f.send("delivery", f.delivered(d)); err != nil {
			return err
		}
	}
	return nil
}

// attempts sends the watched deliveries that have come further.
func (f *follower) attempts(ctx context.Context) error {
	for id, seen := range f.watched {
		d, err := f.store.Delivery(ctx, id)
		if err != nil { // evicted: nothing more will be heard of it
			delete(f.watched, id)
			continue
		}
		if len(d.Attempts) == seen && d.State == journal.Pending {
			continue
		}
		f.watched[id] = len(d.Attempts)
		if d.State != journal.Pending {
			delete(f.watched, id)
		}
		if err := f.send("delivery", f.delivered(d)); err != nil {
			return err
		}
	}
	return nil
}

// Why records are skipped.
const (
	behind = "behind" // the reader is too far behind: they can be read elsewhere
	gone   = "gone"   // they were evicted or deleted
)

// skip moves a cursor on and says what is left out.
func (f *follower) skip(kind string, at *uint64, to uint64, why string) error {
	from := *at + 1
	*at = to
	return f.send("skipped", map[string]any{"kind": kind, "from": from, "to": to, "why": why})
}

// send writes one event. The JSON of a record holds no line end, so one data line does.
func (f *follower) send(event string, data any) error {
	raw, err := json.Marshal(data)
	if err != nil {
		return err
	}
	return f.write(fmt.Appendf(nil, "id: %s\nevent: %s\ndata: %s\n\n", f.cursor, event, raw))
}

func (f *follower) write(raw []byte) error {
	if err := f.control.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	_, err := f.w.Write(raw)
	return err
}

func (f *follower) flush() error { return f.control.Flush() }
