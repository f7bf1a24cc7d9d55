package webhooksite

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/hookrig/hookrig/internal/clip"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// selection selects requests of a token.
type selection struct {
	oldest   bool
	after    uint64    // only seq > after; 0 is no bound
	before   uint64    // only seq < before; 0 is no bound
	from, to time.Time // zero is no bound; both are within
	where    match     // nil selects all
}

// all says whether it selects every request.
func (s *selection) all() bool { return s.where == nil && s.from.IsZero() && s.to.IsZero() }

// selectionOf reads sorting, date_from, date_to and query.
func (s *API) selectionOf(values url.Values) (selection, error) {
	in := selection{oldest: true}
	switch sorting := values.Get("sorting"); sorting {
	case "", "oldest":
	case "newest":
		in.oldest = false
	default:
		return in, invalid("sorting %s: want newest or oldest", clip.Quote(sorting))
	}
	now := s.o.Now()
	for name, to := range map[string]*time.Time{"date_from": &in.from, "date_to": &in.to} {
		if text := values.Get(name); text != "" {
			at, err := parseDate(text, now, name == "date_to")
			if err != nil {
				return in, err
			}
			*to = at
		}
	}
	var err error
	if text := values.Get("query"); text != "" {
		in.where, err = parseQuery(text, now)
	}
	return in, err
}

// selects says whether it selects a request.
func (s *selection) selects(c *journal.Capture, note string) bool {
	at := c.At.Truncate(time.Second) // as it is shown
	switch {
	case !s.from.IsZero() && at.Before(s.from.Truncate(time.Second)), !s.to.IsZero() && at.After(s.to):
		return false
	}
	return s.where == nil || s.where(newRequest(c, note))
}

// searchLimit bounds how long a call may search.
const searchLimit = 30 * time.Second

// errEnough ends each early, and is no error of it.
var errEnough = errors.New("enough")

// each calls do for every selected request of a token, with its note.
func (s *API) each(ctx context.Context, t *token, in selection, do func(c *journal.Capture, note string) error) error {
	limited, cancel := context.WithTimeout(ctx, searchLimit)
	defer cancel()
	notes, err := s.notes(limited, t.UUID)
	if err != nil {
		return err
	}
	err = s.walk(limited, journal.CaptureQuery{Bin: t.UUID, Oldest: in.oldest, After: in.after, Before: in.before}, func(c *journal.Capture) error {
		if !in.selects(c, notes[c.ID]) {
			return nil
		}
		return do(c, notes[c.ID])
	})
	switch {
	case errors.Is(err, errEnough):
		return nil
	case err != nil && ctx.Err() == nil && limited.Err() != nil:
		return fail(http.StatusUnprocessableEntity, "the search took longer than %s: ask for less, by date_from or a smaller query", searchLimit)
	}
	return err
}

// skip moves a selection of all requests past the first n of them, of which the bin has more. It
// counts, and reads none.
func (s *API) skip(ctx context.Context, b journal.Bin, in *selection, n int) error {
	if !in.oldest {
		n = b.Count - n
	}
	// Bisect for the seq up to which there are n: at most upTo, and more than after, up to which
	// there are fewer.
	var after uint64
	upTo := b.Last
	for before := 0; upTo > after+1; {
		middle := after + (upTo-after)/2
		counts, err := s.o.Store.Counts(ctx, after, middle)
		if err != nil {
			return err
		}
		if before+counts[b.Name] >= n {
			upTo = middle
		} else {
			after, before = middle, before+counts[b.Name]
		}
	}
	if in.oldest {
		in.after = upTo
	} else {
		in.before = upTo + 1
	}
	return nil
}

// walk calls do for every capture that a query selects. It reads few at a time when they are large.
func (s *API) walk(ctx context.Context, q journal.CaptureQuery, do func(*journal.Capture) error) error {
	const fewest, little = 16, 1 << 20
	q.Limit = fewest
	for {
		captures, err := s.o.Store.Captures(ctx, q)
		if err != nil {
			return err
		}
		bytes := 0
		for i := range captures {
			bytes += captures[i].Size()
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := do(&captures[i]); err != nil {
				return err
			}
		}
		if len(captures) < q.Limit {
			return nil
		}
		if last := captures[len(captures)-1].Seq; q.Oldest {
			q.After = last
		} else {
			q.Before = last
		}
		if bytes < little {
			q.Limit = min(2*q.Limit, journal.MaxLimit)
		} else {
			q.Limit = fewest
		}
	}
}
