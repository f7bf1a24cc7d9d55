package webhooksite

import (
	"context"
	"errors"
	"mime"
	"net/http"

	"github.com/hookrig/hookrig/internal/clip"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// requestPage is a page of requests.
type requestPage struct {
	Data        []*request `json:"data"`
	Total       int        `json:"total"`
	PerPage     int        `json:"per_page"`
	CurrentPage int        `json:"current_page"`
	IsLastPage  bool       `json:"is_last_page"`
	From        int        `json:"from"`
	To          int        `json:"to"`
}

// listRequests lists the oldest first by default, as the documentation says. Without a query or
// dates it reads the page; with them it reads all, to count them.
func (s *API) listRequests(w http.ResponseWriter, r *http.Request, t *token) error {
	values, err := queryOf(r)
	if err != nil {
		return err
	}
	p, err := pageOf(values, maxPage)
	if err != nil {
		return err
	}
	all, err := s.selectionOf(values)
	if err != nil {
		return err
	}
	found, total, err := s.find(r.Context(), t, all, p)
	if err != nil {
		return err
	}
	_, to := p.bounds(total)
	return answer(w, http.StatusOK, requestPage{
		Data: found, Total: total, PerPage: p.size, CurrentPage: p.number, IsLastPage: to == total, From: p.from(), To: to,
	})
}

func (s *API) getRequest(w http.ResponseWriter, r *http.Request, t *token) error {
	c, err := s.capture(r.Context(), t, r.PathValue("rid"))
	if err != nil {
		return err
	}
	note, err := s.note(r.Context(), t, c.ID)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, newRequest(&c, note))
}

// getRaw answers a request's body. As in the open-source edition its type is application/json if
// the request's was exactly that, else text/plain: what somebody sent must not run as a page of
// this address.
func (s *API) getRaw(w http.ResponseWriter, r *http.Request, t *token) error {
	c, err := s.capture(r.Context(), t, r.PathValue("rid"))
	if err != nil {
		return err
	}
	kind := "text/plain"
	if c.Headers.Get("Content-Type") == "application/json" {
		kind = "application/json"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, err = w.Write(c.Body)
	return err
}

// download answers a file of a form. The service redirects to the file; here it is in the response.
func (s *API) download(w http.ResponseWriter, r *http.Request, t *token) error {
	c, err := s.capture(r.Context(), t, r.PathValue("rid"))
	if err != nil {
		return err
	}
	id := r.PathValue("file")
	seq, n, ok := parseID(id)
	files := formOf(&c).files
	if !ok || seq != c.Seq || n == 0 || int(n) > len(files) {
		return fail(http.StatusNotFound, "file %s: the request has none of that id", clip.Quote(id))
	}
	file := files[n-1]
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": file.name}))
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, err = w.Write(file.data)
	return err
}

func (s *API) deleteRequest(w http.ResponseWriter, r *http.Request, t *token) error {
	c, err := s.capture(r.Context(), t, r.PathValue("rid"))
	if err != nil {
		return err
	}
	n, err := s.o.Store.DeleteCaptures(r.Context(), c.Seq)
	if err != nil {
		return err
	}
	if err := s.dropNotes(r.Context(), t.UUID, c.ID); err != nil {
		return err
	}
	return answer(w, http.StatusOK, status{n > 0})
}

// deleteRequests deletes the requests of a token that a query and dates select, or all. The status
// says whether there were any.
func (s *API) deleteRequests(w http.ResponseWriter, r *http.Request, t *token) error {
	values, err := queryOf(r)
	if err != nil {
		return err
	}
	chosen, err := s.selectionOf(values)
	if err != nil {
		return err
	}
	if chosen.all() {
		n, err := s.o.Store.ClearBin(r.Context(), t.UUID)
		if err != nil {
			return err
		}
		if err := s.dropNotes(r.Context(), t.UUID); err != nil {
			return err
		}
		return answer(w, http.StatusOK, status{n > 0})
	}
	var ids []string
	var seqs []uint64
	if err := s.each(r.Context(), t, chosen, func(c *journal.Capture, _ string) error {
		ids, seqs = append(ids, c.ID), append(seqs, c.Seq)
		return nil
	}); err != nil {
		return err
	}
	n, err := s.o.Store.DeleteCaptures(r.Context(), seqs...)
	if err != nil {
		return err
	}
	if len(ids) > 0 {
		if err := s.dropNotes(r.Context(), t.UUID, ids...); err != nil {
			return err
		}
	}
	return answer(w, http.StatusOK, status{n > 0})
}

// capture returns the capture of a token by a request's UUID, or "latest".
func (s *API) capture(ctx context.Context, t *token, id string) (journal.Capture, error) {
	if id == "latest" {
		newest, err := s.o.Store.Captures(ctx, journal.CaptureQuery{Bin: t.UUID, Limit: 1})
		if err == nil && len(newest) == 0 {
			err = fail(http.StatusNotFound, "token %s has no requests", t.UUID)
		}
		if err != nil {
			return journal.Capture{}, err
		}
		return newest[0], nil
	}
	seq, n, ok := parseID(id)
	if !ok || n != 0 {
		return journal.Capture{}, noRequest(id)
	}
	c, err := s.o.Store.Capture(ctx, journal.CaptureID(seq))
	if errors.Is(err, journal.ErrNotFound) || err == nil && c.Bin != t.UUID {
		err = noRequest(id)
	}
	return c, err
}

func noRequest(id string) error {
	return fail(http.StatusNotFound, "request %s: the token has none of that id", clip.Quote(id))
}

// maxResponse bounds the bodies in one response, in bytes.
const maxResponse = 16 << 20

// tooLarge is the error for a larger response.
func tooLarge(values int) error {
	return fail(http.StatusRequestEntityTooLarge,
		"the requests of one answer would have more than %d bytes after %d of them: ask for a smaller per_page", maxResponse, values)
}

// find returns the requests of one page of a selection, and the total.
func (s *API) find(ctx context.Context, t *token, in selection, p page) ([]*request, int, error) {
	found, bytes := []*request{}, 0
	first := p.from() - 1
	n := 0
	whole := in.all()
	total := 0
	if whole {
		b, err := s.bin(ctx, t.UUID)
		if err != nil || first >= b.Count {
			return found, b.Count, err
		}
		total = b.Count
		if first > 0 {
			if err := s.skip(ctx, b, &in, first); err != nil {
				return found, total, err
			}
			n = first
		}
	}
	err := s.each(ctx, t, in, func(c *journal.Capture, note string) error {
		n++
		switch {
		case n <= first:
		case len(found) < p.size:
			if bytes += c.Size(); bytes > maxResponse {
				return tooLarge(len(found))
			}
			found = append(found, newRequest(c, note))
		case whole:
			return errEnough
		}
		return nil
	})
	if whole {
		// Requests that came after the count are there too.
		return found, max(total, first+len(found)), err
	}
	return found, n, err
}
