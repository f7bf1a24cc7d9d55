package webhooksite

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/hookrig/hookrig/internal/clip"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// createToken answers 201, as the open-source edition does and the official command line demands.
// The documentation of the service says 200, and programs written for it take any 2xx.
func (s *API) createToken(w http.ResponseWriter, r *http.Request, _ *token) error {
	f, err := readFields(r)
	if err != nil {
		return err
	}
	t, err := s.change(r.Context(), "", func(*token) (*token, error) {
		now := s.o.Now()
		t := newToken(r, now)
		if err := s.copyFrom(f, t); err != nil {
			return nil, err
		}
		return t, t.take(f, now)
	})
	if err != nil {
		return err
	}
	return answer(w, http.StatusCreated, t)
}

// copyFrom copies the settings of the token that clone_from names, by its UUID or its alias.
func (s *API) copyFrom(f *fields, t *token) error {
	name := ""
	if f.text("clone_from", 36, &name); name == "" {
		return f.err
	}
	from := s.tokens.find(name)
	if from == nil || from.expired(s.o.Now()) {
		return invalid("clone_from %s: there is no such token", clip.Quote(name))
	}
	t.DefaultStatus, t.DefaultContent, t.DefaultContentType = from.DefaultStatus, from.DefaultContent, from.DefaultContentType
	t.Timeout, t.Listen, t.CORS, t.Actions = from.Timeout, from.Listen, from.CORS, from.Actions
	t.Expiry, t.RequestLimit, t.GroupID = from.Expiry, from.RequestLimit, from.GroupID
	return nil
}

func (s *API) getToken(w http.ResponseWriter, _ *http.Request, t *token) error {
	return answer(w, http.StatusOK, t)
}

// updateToken gives members of the open-source edition that the call leaves out their defaults, as
// there. The others (cors, alias, listen, expiry, request_limit, actions, group_id) stay.
func (s *API) updateToken(w http.ResponseWriter, r *http.Request, t *token) error {
	f, err := readFields(r)
	if err != nil {
		return err
	}
	return s.update(w, r, t, func(t *token) error {
		t.reset()
		return t.take(f, s.o.Now())
	})
}

// update changes a copy of a token and answers it.
func (s *API) update(w http.ResponseWriter, r *http.Request, t *token, by func(*token) error) error {
	after, err := s.change(r.Context(), t.UUID, func(before *token) (*token, error) {
		after := *before
		after.UpdatedAt = stamp{s.o.Now()}
		return &after, by(&after)
	})
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, after)
}

func (s *API) setAlias(w http.ResponseWriter, r *http.Request, t *token) error {
	f, err := readFields(r)
	if err != nil {
		return err
	}
	return s.update(w, r, t, func(t *token) error { return t.takeAlias(f) })
}

func (s *API) toggleCORS(w http.ResponseWriter, r *http.Request, t *token) error {
	after, err := s.change(r.Context(), t.UUID, func(before *token) (*token, error) {
		after := *before
		after.CORS, after.UpdatedAt = !before.CORS, stamp{s.o.Now()}
		return &after, nil
	})
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, struct {
		Enabled bool `json:"enabled"`
	}{after.CORS})
}

func (s *API) deleteToken(w http.ResponseWriter, r *http.Request, t *token) error {
	if err := s.delete(r.Context(), t); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// tokenPage is a page of tokens, in Laravel's form.
type tokenPage struct {
	CurrentPage  int           `json:"current_page"`
	Data         []listedToken `json:"data"`
	FirstPageURL string        `json:"first_page_url"`
	From         int           `json:"from"`
	LastPage     int           `json:"last_page"`
	LastPageURL  string        `json:"last_page_url"`
	NextPageURL  *string       `json:"next_page_url"`
	Path         string        `json:"path"`
	PerPage      int           `json:"per_page"`
	PrevPageURL  *string       `json:"prev_page_url"`
	To           int           `json:"to"`
	Total        int           `json:"total"`
}

func (s *API) listTokens(w http.ResponseWriter, r *http.Request, _ *token) error {
	values, err := queryOf(r)
	if err != nil {
		return err
	}
	p, err := pageOf(values, maxPage)
	if err != nil {
		return err
	}
	order, direction := cmp.Or(values.Get("order_by"), "created_at"), cmp.Or(values.Get("order_direction"), "asc")
	if order != "created_at" && order != "token_id" {
		return invalid("order_by %s: want created_at or token_id", clip.Quote(order))
	}
	if direction != "asc" && direction != "desc" {
		return invalid("order_direction %s: want asc or desc", clip.Quote(direction))
	}
	list := slices.DeleteFunc(s.tokens.all(), func(t *token) bool { return t.expired(s.o.Now()) })
	slices.SortFunc(list, func(a, b *token) int {
		byID := strings.Compare(a.UUID, b.UUID)
		if order == "created_at" {
			byID = cmp.Or(a.CreatedAt.Compare(b.CreatedAt.Time), byID)
		}
		if direction == "desc" {
			return -byID
		}
		return byID
	})
	first, last := p.bounds(len(list))
	data, err := s.listed(r.Context(), list[first:last])
	if err != nil {
		return err
	}
	path := "http://" + r.Host + "/" + apiName
	link := func(n int) string { return fmt.Sprintf("%s?page=%d", path, n) }
	out := tokenPage{
		CurrentPage: p.number, Data: data, FirstPageURL: link(1), From: p.from(), LastPage: max(1, (len(list)+p.size-1)/p.size),
		Path: path, PerPage: p.size, To: last, Total: len(list),
	}
	out.LastPageURL = link(out.LastPage)
	if p.number < out.LastPage {
		next := link(p.number + 1)
		out.NextPageURL = &next
	}
	if p.number > 1 {
		previous := link(p.number - 1)
		out.PrevPageURL = &previous
	}
	return answer(w, http.StatusOK, out)
}

// listed adds to tokens what a list shows of their requests.
func (s *API) listed(ctx context.Context, list []*token) ([]listedToken, error) {
	bins, err := s.o.Store.Bins(ctx)
	if err != nil {
		return nil, err
	}
	counts := make(map[string]int, len(bins))
	for _, b := range bins {
		counts[b.Name] = b.Count
	}
	data := make([]listedToken, len(list))
	for i, t := range list {
		data[i] = listedToken{token: t, Requests: counts[t.UUID]}
		if counts[t.UUID] == 0 {
			continue
		}
		newest, err := s.o.Store.Captures(ctx, journal.CaptureQuery{Bin: t.UUID, Limit: 1})
		if err != nil {
			return nil, err
		}
		if len(newest) > 0 {
			id := requestID(newest[0].Seq)
			data[i].LatestRequestID, data[i].LatestRequestAt = &id, &stamp{newest[0].At}
		}
	}
	return data, nil
}
