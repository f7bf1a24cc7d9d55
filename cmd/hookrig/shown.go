package main

import (
	"context"
	"errors"

	"github.com/hookrig/hookrig/mockserver"
)

// shown prints the captures of a bin, and later their responses.
type shown struct {
	*listenFlags
	w          World
	client     *mockserver.Client
	bin        string
	unanswered map[uint64]string // ids of printed captures without a response, by sequence number
	// complete are the latest captures that were printed with their response. The update that a
	// response was set may follow one that contains it already.
	complete map[uint64]struct{}
	order    []uint64 // the keys of complete, oldest first
}

// mostUnanswered is the largest number of captures whose responses are awaited. Further captures
// are printed with their response.
const mostUnanswered = 10_000

// update prints one update.
func (s *shown) update(ctx context.Context, u mockserver.Update) error {
	switch {
	case u.Ready != nil:
		s.w.Stderr.Printf("listening on %s\n", s.client.BinURL(s.bin))
		if s.settings.Forward != "" {
			s.w.Stderr.Printf("forwarding to %s\n", s.settings.Forward)
		}
	case u.Capture != nil:
		return s.capture(u.Capture)
	case u.Removed != nil:
		for _, seq := range u.Removed.Seqs {
			delete(s.unanswered, seq)
		}
		for seq := range s.unanswered {
			if seq <= u.Removed.UpTo {
				delete(s.unanswered, seq)
			}
		}
	case u.Skipped != nil:
		s.w.Stderr.Printf("requests %d to %d are not shown: %s\n", u.Skipped.From, u.Skipped.To, whySkipped(u.Skipped.Why))
	case u.Missed != nil:
		return s.answered(ctx)
	}
	return nil
}

// whySkipped returns the reason why requests are not shown.
func whySkipped(why string) string {
	if why == mockserver.Behind {
		return "they arrived faster than they could be printed; the server has recorded them"
	}
	return "the bin evicted them before they could be printed"
}

// capture prints a capture, or the response to one that was printed before.
func (s *shown) capture(c *mockserver.Capture) error {
	_, before := s.unanswered[c.Seq]
	_, complete := s.complete[c.Seq]
	switch {
	case complete, before && c.Response == nil:
		return nil
	case before:
		delete(s.unanswered, c.Seq)
		s.completed(c.Seq)
		return s.printResponse(s.w, *c)
	case c.Response != nil && (s.settings.Forward != "" || c.Response.Hang): // a hang is updated when it ends
		s.completed(c.Seq)
	case c.Response == nil && s.settings.Forward != "" && len(s.unanswered) < mostUnanswered:
		s.unanswered[c.Seq] = c.ID
	}
	return s.print(s.w, *c)
}

// completed records that a capture was printed with its response.
func (s *shown) completed(seq uint64) {
	if s.complete == nil {
		s.complete = map[uint64]struct{}{}
	}
	s.complete[seq] = struct{}{}
	if s.order = append(s.order, seq); len(s.order) > mostUnanswered {
		delete(s.complete, s.order[0])
		s.order = s.order[1:]
	}
}

// answered prints responses of which there was no update.
func (s *shown) answered(ctx context.Context) error {
	for seq, id := range s.unanswered {
		c, err := s.client.Capture(ctx, id)
		if errors.Is(err, mockserver.ErrNotFound) {
			delete(s.unanswered, seq)
			continue
		}
		if err != nil {
			return err
		}
		if c.Response != nil {
			if err := s.capture(&c); err != nil {
				return err
			}
		}
	}
	return nil
}
