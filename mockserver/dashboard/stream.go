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

// Bounds of the streams. Each stream reads the journal separately, so a slow reader does not delay
// the others.
const (
	// maxStreams is how many streams may be open at the same time.
	maxStreams = 256
	// minStreams is how many streams a server that keeps little allows.
	minStreams = 8
	// A server allows one stream for each bytesPerStream that it may keep.
	bytesPerStream = 4 << 20
	// Records larger than largeRecord bytes are written a few at a time.
	largeRecord = 256 << 10
	// heartbeat is the time between comments, which keep proxies from closing an idle connection.
	heartbeat = 15 * time.Second
	// writeLimit bounds the writing of one event; a slower reader has to reconnect.
	writeLimit = 10 * time.Second
	// streamPacing is the least time between two reads of the journal.
	streamPacing = 50 * time.Millisecond
)

// streams bounds the open streams and the memory that they take together.
type streams struct {
	open  atomic.Int64
	most  int64
	large chan struct{} // holds a token for each large record that is being written
}

// newStreams returns the bounds for a server that keeps so many bytes.
func newStreams(kept int64) *streams {
	return &streams{most: min(maxStreams, max(minStreams, kept/bytesPerStream)), large: make(chan struct{}, min(8, slotsFor(kept)))}
}

// streamIn says which records to send, and from where.
type streamIn struct {
	Kind        string `query:"kind" enum:"capture,delivery" doc:"only records of this kind; default: both kinds"`
	Bin         string `query:"bin" doc:"only this bin's captures"`
	Q           string `query:"q" doc:"only captures that match: words and fields, as in the list of captures"`
	Where       string `query:"where" doc:"only captures for which this jq condition is true"`
	WithBody    bool   `query:"body" default:"true" doc:"false leaves out the bodies of captures, as in the list of captures"`
	After       string `query:"after" doc:"start after the event with this id; default: start with new records"`
	LastEventID string `header:"Last-Event-ID" doc:"the same as after; a browser sends it when it reconnects"`
}

// streamed documents the stream.
func streamed(_ huma.API, op *huma.Operation) {
	op.Description = "Events: ready (the position where the stream starts), capture (a Capture that is new or has its consumer's response), delivery (a Delivery that is new " +
		"or has another attempt or state), removed (deleted records, {kind, bin, seqs, up_to, why}: the seqs, and all captures of the " +
		"bin up to up_to; why is \"deleted\", \"cleared\" or \"evicted\"), " +
		"skipped (seqs that the stream leaves out, {kind, from, to, why}: \"behind\" when the reader is too far behind, or \"gone\" when " +
		"they were evicted or deleted before the stream could send them; with bin, not all of them need belong to it), missed (records that the stream sent before may have " +
		"changed or been deleted, {why}: \"resumed\" when the reader has reconnected, or \"behind\"; read the ones that you need again). " +
		"The id of an event is CAPTURE-DELIVERY, the highest seq of each so far. A position that the journal has not reached yet, " +
		"because it was replaced by a new one, means its beginning."
	op.Responses = map[string]*huma.Response{"200": {
		Description: "Events, until the reader disconnects",
		Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}},
	}}
}

// stream is the connection of one reader.
func (k *dashboard) stream(ctx context.Context, in *streamIn) (*huma.StreamResponse, error) {
	o := query.FollowOptions{FollowOptions: journal.FollowOptions{Kind: in.Kind, Bin: in.Bin}, Q: in.Q, Where: in.Where}
	if text := cmp.Or(in.After, in.LastEventID); text != "" {
		p, err := journal.ParsePosition(text)
		if err != nil {
			return nil, problem.New(http.StatusUnprocessableEntity, err.Error())
		}
		o.From = &p
	}
	follower, err := k.capture.Follow(ctx, o)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		defer follower.Close()
		r, w := humago.Unwrap(c)
		if k.streams.open.Add(1) > k.streams.most {
			k.streams.open.Add(-1)
			problem.New(http.StatusServiceUnavailable, fmt.Sprintf("%d streams are open: close one", k.streams.most)).Write(w)
			return
		}
		defer k.streams.open.Add(-1)
		s := &stream{dashboard: k, bin: in.Bin, brief: !in.WithBody, w: w, control: http.NewResponseController(w)}
		s.follow(r.Context(), follower)
	}}, nil
}

// stream is one reader's.
type stream struct {
	*dashboard
	bin     string
	brief   bool // send captures without bodies
	w       http.ResponseWriter
	control *http.ResponseController
}

// follow sends new records until the reader disconnects, the server stops, or the reader is too
// slow.
func (s *stream) follow(ctx context.Context, follower *query.Follower) {
	s.w.Header().Set("Content-Type", "text/event-stream")
	s.w.Header().Set("X-Accel-Buffering", "no") // nginx would buffer the stream
	s.w.WriteHeader(http.StatusOK)
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	pace := time.NewTicker(streamPacing)
	defer pace.Stop()
	for {
		if follower.Next(ctx, func(u journal.Update) error { return s.sendUpdate(ctx, u) }) != nil || s.flush() != nil {
			return
		}
		for waiting := true; waiting; {
			select {
			case _, open := <-follower.C():
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

// sendUpdate sends one update as an event.
func (s *stream) sendUpdate(ctx context.Context, u journal.Update) error {
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

// writeLarge sends a record of size bytes. Large records take memory in proportion to their size,
// so only a few are sent at the same time.
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

// send writes one event. Encoded JSON has no line breaks, so it fits into one data line.
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
