package capture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hookrig/hookrig/mockserver/journal"
)

// Query selects captures.
type Query struct {
	journal.CaptureQuery
	Where string // a jq condition over {method, path, query, headers, body}
	Q     string // text that the target, a header or the body holds, in any case
}

// Captures returns the captures of a bin that the query selects, newest first unless Oldest; with Where, those for
// which the condition holds. A condition that fails on a capture, as .body.id does on a body that is text, does not
// hold for it; one that takes too long is ErrInvalid.
func (s *Server) Captures(ctx context.Context, q Query) ([]journal.Capture, error) {
	if q.Bin != "" {
		if err := checkBin(q.Bin); err != nil {
			return nil, err
		}
	}
	where, err := s.conditions.get(q.Where)
	if err != nil {
		return nil, err
	}
	if where == nil && q.Q == "" {
		return s.o.Store.Captures(ctx, q.CaptureQuery)
	}
	text := newText(q.Q)
	limit := journal.PageSize(q.Limit)
	found := make([]journal.Capture, 0, min(limit, journal.DefaultLimit))
	page := q.CaptureQuery
	page.Limit = journal.MaxLimit
	for {
		captures, err := s.o.Store.Captures(ctx, page)
		if err != nil {
			return nil, err
		}
		for i := range captures {
			c := &captures[i]
			if !text.in(c) {
				continue
			}
			selected, err := where.selects(ctx, c)
			if err != nil {
				return nil, err
			}
			if selected {
				if found = append(found, *c); len(found) == limit {
					return found, nil
				}
			}
		}
		if len(captures) < page.Limit {
			return found, nil
		}
		if last := captures[len(captures)-1].Seq; q.Oldest {
			page.After = last
		} else {
			page.Before = last
		}
	}
}

// selects says whether a condition holds for a capture; nil holds for all. The error is ctx's, or wraps ErrInvalid when
// the condition takes too long.
func (c *condition) selects(ctx context.Context, of *journal.Capture) (bool, error) {
	if c == nil {
		return true, nil
	}
	held, err := c.holds(ctx, c.document(&of.Message))
	if errors.Is(err, errSlow) { // the machine may have been busy: once more
		held, err = c.holds(ctx, c.document(&of.Message))
	}
	switch {
	case err == nil:
		return held, nil
	case ctx.Err() != nil:
		return false, ctx.Err()
	case errors.Is(err, errSlow):
		return false, fmt.Errorf("%w condition %s: it %w with capture %s", ErrInvalid, quote(c.text), err, of.ID)
	}
	return false, nil
}

// text is what is looked for in captures.
type text struct {
	exact []byte
	lower string
}

func newText(q string) text { return text{[]byte(q), strings.ToLower(q)} }

// in says whether the capture's target, a header or the body holds the text.
func (t text) in(c *journal.Capture) bool {
	if len(t.exact) == 0 || t.inText(c.Target) {
		return true
	}
	for i := range c.Headers {
		if t.inText(c.Headers[i].Name) || t.inText(c.Headers[i].Value) {
			return true
		}
	}
	return bytes.Contains(c.Body, t.exact) || strings.Contains(strings.ToLower(string(c.Body)), t.lower)
}

func (t text) inText(in string) bool { return strings.Contains(strings.ToLower(in), t.lower) }
