package mockserver

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/problem"
)

func (l *local) Follow(ctx context.Context, o FollowOptions, handle func(Update) error) error {
	f, err := l.s.capture.Follow(ctx, o)
	if err != nil {
		return err
	}
	defer f.Close()
	for {
		if err := f.Next(ctx, func(u Update) error {
			if u.Capture != nil { // the store shares it, so handle gets a copy
				c := u.Capture.Clone()
				u.Capture = &c
			}
			return handle(u)
		}); err != nil {
			return err
		}
		select {
		case _, open := <-f.C():
			if !open {
				return journal.ErrClosed
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// minStream is the shortest useful life of a stream. Follow does not reconnect after a shorter one
// that brought nothing new.
const minStream = time.Second

// Follow reads the stream of the server's API. When the connection breaks, it reconnects and
// continues where the last stream ended, unless that stream ended at once without anything new.
func (r *remote) Follow(ctx context.Context, o FollowOptions, handle func(Update) error) error {
	for begun := false; ; {
		opened, moved := time.Now(), false
		err := r.stream(ctx, o, func(u Update) error {
			if begun && u.Ready != nil {
				return nil
			}
			moved = moved || begun && u.Position != *o.From
			begun, o.From = true, &u.Position
			if err := handle(u); err != nil {
				return handlerError{err}
			}
			return nil
		})
		if stop := (handlerError{}); errors.As(err, &stop) {
			return stop.error
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if !moved && time.Since(opened) < minStream {
			if begun {
				err = fmt.Errorf("the server's stream ended, and reconnecting failed: %w", err)
			}
			return err
		}
	}
}

// handlerError is an error of the handler, not of the stream.
type handlerError struct{ error }

// stream reads the stream until it ends. It never returns nil.
func (r *remote) stream(ctx context.Context, o FollowOptions, handle func(Update) error) error {
	v := parameters{}
	v.text("kind", o.Kind)
	v.text("bin", o.Bin)
	v.text("q", o.Q)
	v.text("where", o.Where)
	if o.From != nil {
		v.text("after", o.From.String())
	}
	resp, err := r.send(ctx, http.MethodGet, path("stream")+v.String(), nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return problem.Read(resp)
	}
	events := bufio.NewReader(resp.Body)
	for {
		e, err := readEvent(events)
		if err != nil {
			return fmt.Errorf("the stream of the server at %s ended: %w", r.api, err)
		}
		u, err := e.update()
		if err != nil {
			return err
		}
		if err := handle(u); err != nil {
			return err
		}
	}
}

// event is one server-sent event of a stream (WHATWG HTML).
type event struct {
	id, name string
	data     []byte
}

// readEvent reads the next event and skips comments.
func readEvent(r *bufio.Reader) (e event, err error) {
	for {
		line, err := r.ReadBytes('\n')
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return e, err
		}
		name, value, _ := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(": "))
		switch string(name) {
		case "id":
			e.id = string(value)
		case "event":
			e.name = string(value)
		case "data":
			e.data = value
		case "":
			if e.data != nil {
				return e, nil
			}
		}
	}
}

// update decodes the event.
func (e event) update() (u Update, err error) {
	if u.Position, err = journal.ParsePosition(e.id); err != nil {
		return u, err
	}
	var into any
	switch e.name {
	case "ready":
		u.Ready = &u.Position
		return u, nil
	case "capture":
		u.Capture = &Capture{}
		into = u.Capture
	case "delivery":
		u.Delivery = &Delivery{}
		into = u.Delivery
	case "removed":
		u.Removed = &journal.Removed{}
		into = u.Removed
	case "skipped":
		u.Skipped = &journal.Skipped{}
		into = u.Skipped
	case "missed":
		u.Missed = &journal.Missed{}
		into = u.Missed
	default: // of a later version
		return u, nil
	}
	if err := json.Unmarshal(e.data, into); err != nil {
		return u, fmt.Errorf("event %s of the stream: %w", e.name, err)
	}
	return u, nil
}
