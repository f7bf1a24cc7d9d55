package dashboard

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/problem"
	"github.com/hookrig/hookrig/mockserver/internal/query"
)

// Bounds of the stream. Each stream follows the journal by itself, so a slow reader holds up nobody else.
const (
	mostStreams  = 256                   // at a time
	leastStreams = 8                     // of a server that keeps little
	keptPerEach  = 4 << 20               // bytes that the server may keep, for each stream that may be open
	largeRecord  = 256 << 10             // bytes: streams take turns to write those that are larger
	heartbeat    = 15 * time.Second      // a comment, so that nobody on the way gives the connection up
	writeLimit   = 10 * time.Second      // for one event: a reader slower than that comes again
	streamPacing = 50 * time.Millisecond // between two looks, however much arrives
)

// streams bounds the streams that are open, and the memory that they take together.
type streams struct {
	open  atomic.Int64
	most  int64
	large chan struct{} // holds a token for each large record that is being written
}

// newStreams returns the bounds for a server that keeps so many bytes.
func newStreams(kept int64) *streams {
	return &streams{most: min(mostStreams, max(leastStreams, kept/keptPerEach)), large: make(chan struct{}, min(8, placesFor(kept)))}
}

// streamIn says where to begin.
type streamIn struct {
	Kind        string `query:"kind" enum:"capture,delivery" doc:"only records of this kind; left out: both"`
	Bin         string `query:"bin" doc:"only this bin's captures"`
	Q           string `query:"q" doc:"only captures that match: words and fields, as in the list of captures"`
	Where       string `query:"where" doc:"only captures for which this jq condition holds"`
	Whole       bool   `query:"body" default:"true" doc:"false leaves out the bodies of captures, as in the list of captures"`
	After       string `query:"after" doc:"begin after this id; left out: with what is new from now on"`
	LastEventID string `header:"Last-Event-ID" doc:"the same, as a browser sends it when it comes again"`
}

// streamed documents the stream.
func streamed(_ huma.API, op *huma.Operation) {
	op.Description = "Events: ready (where the stream begins), capture (a Capture: new, or with its consumer's response), delivery (a Delivery: new, " +
		"or with another attempt or state), removed (records that are gone, {kind, bin, seqs, up_to, why}: the seqs, and all captures of the " +
		"bin up to up_to; why is \"deleted\", \"cleared\" or \"evicted\"), " +
		"skipped (which seqs the reader is not told of, {kind, from, to, why}: \"behind\", the reader is too far behind, or \"gone\", " +
		"they were evicted or deleted before it was told; of one bin, some of them may be), missed (records that were told before may have " +
		"changed or gone, {why}: \"resumed\", the reader was away, or \"behind\"; read those again that matter). " +
		"The id of an event is CAPTURE-DELIVERY, the highest seq of each so far. A position that the journal has not reached, " +
		"because it began anew, counts as its beginning."
	op.Responses = map[string]*huma.Response{"200": {
		Description: "Events, until the reader leaves",
		Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}},
	}}
}

func (k *dashboard) stream(ctx context.Context, in *streamIn) (*huma.StreamResponse, error) {
	o := query.FollowOptions{FollowOptions: journal.FollowOptions{Kind: in.Kind, Bin: in.Bin}, Q: in.Q, Where: in.Where}
	if text := cmp.Or(in.After, in.LastEventID); text != "" {
		p, err := journal.ParsePosition(text)
		if err != nil {
			return nil, problem.New(http.StatusUnprocessableEntity, err.Error())
		}
		o.From = &p
	}
	following, err := k.capture.Follow(ctx, o)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		defer following.Close()
		r, w := humago.Unwrap(c)
		if k.streams.open.Add(1) > k.streams.most {
			k.streams.open.Add(-1)
			problem.New(http.StatusServiceUnavailable, fmt.Sprintf("%d streams are open: close one", k.streams.most)).Write(w)
			return
		}
		defer k.streams.open.Add(-1)
		s := &stream{dashboard: k, bin: in.Bin, brief: !in.Whole, w: w, control: http.NewResponseController(w)}
		s.follow(r.Context(), following)
	}}, nil
}

// stream is one reader's.
type stream struct {
	*dashboard
	bin     string
	brief   bool // captures come without bodies
	w       http.ResponseWriter
	control *http.ResponseController
}

// follow sends what is new until the reader leaves, the server stops, or the reader is too slow.
func (s *stream) follow(ctx context.Context, following *query.Follower) {
	s.w.Header().Set("Content-Type", "text/event-stream")
	s.w.Header().Set("X-Accel-Buffering", "no") // proxies of the nginx kind would hold it back
	s.w.WriteHeader(http.StatusOK)
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	pace := time.NewTicker(streamPacing)
	defer pace.Stop()
	for {
		if following.Next(ctx, func(u journal.Update) error { return s.tell(ctx, u) }) != nil || s.flush() != nil {
			return
		}
		for waiting := true; waiting; {
			select {
			case _, open := <-following.C():
				if !open {
					return
				}
				waiting = false
			case <-beat.C:
				if s.write([]byte(": still here\n\n")) != nil || s.flush() != nil {
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

// tell sends one update as an event.
func (s *stream) tell(ctx context.Context, u journal.Update) error {
	switch {
	case u.Ready != nil:
		return s.send(u.Position, "ready", map[string]uint64{"captures": u.Ready.Capture, "deliveries": u.Ready.Delivery})
	case u.Capture != nil:
		c := s.newCaptured(*u.Capture)
		if s.brief {
			c.withoutBody(c.Size)
		}
		return s.writeLarge(ctx, c.Capture.Size(), func() error { return s.send(u.Position, "capture", c) })
	case u.Delivery != nil:
		return s.writeLarge(ctx, u.Delivery.Size(), func() error {
			return s.send(u.Position, "delivery", s.delivered(*u.Delivery))
		})
	case u.Removed != nil:
		return s.send(u.Position, "removed", u.Removed)
	case u.Skipped != nil:
		if u.Skipped.Kind == journal.KindCapture && u.Skipped.Why == journal.Behind {
			if err := s.capture.Dropped(ctx, s.bin, u.Skipped.From-1, u.Skipped.To); err != nil {
				return err
			}
		}
		return s.send(u.Position, "skipped", u.Skipped)
	case u.Missed != nil:
		return s.send(u.Position, "missed", u.Missed)
	}
	return nil
}

// writeLarge sends a record of size bytes. Large records take memory in proportion to their size, so only a few
// are sent at a time.
func (s *stream) writeLarge(ctx context.Context, size int, send func() error) error {
	if size <= largeRecord {
		return send()
	}
	select {
	case s.streams.large <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-s.streams.large }()
	return send()
}

// send writes one event. The JSON of a record holds no line end, so one data line does.
func (s *stream) send(at journal.Position, event string, data any) error {
	raw, err := json.Marshal(data)
	if err != nil {
		return err
	}
	return s.write(fmt.Appendf(nil, "id: %s\nevent: %s\ndata: %s\n\n", at, event, raw))
}

func (s *stream) write(raw []byte) error {
	if err := s.control.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	_, err := s.w.Write(raw)
	return err
}

func (s *stream) flush() error { return s.control.Flush() }
