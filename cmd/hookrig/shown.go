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
	switch {
	case before && c.Response == nil:
		return nil
	case before:
		delete(s.unanswered, c.Seq)
		return s.printResponse(s.w, *c)
	case c.Response == nil && s.settings.Forward != "" && len(s.unanswered) < mostUnanswered:
		s.unanswered[c.Seq] = c.ID
	}
	return s.print(s.w, *c)
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
