package webhooksite

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// share takes over the tokens that other servers with the same store change, until Close.
func (s *API) share(ctx context.Context) {
	s.unshare = func() {}
	shared, ok := s.o.Store.(journal.Shared)
	if !ok {
		return
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := shared.OnDocument(func(kind, key string) error {
		switch kind {
		case documents:
			return s.reload(ctx, key)
		case "":
			return s.reloadAll(ctx)
		}
		return nil
	})
	s.unshare = func() {
		cancel()
		stop()
	}
}

// Close ends what the API takes over from other servers. It still answers calls.
func (s *API) Close() { s.unshare() }

// reload reads a token again.
func (s *API) reload(ctx context.Context, id string) error {
	s.tokens.writing.Lock()
	defer s.tokens.writing.Unlock()
	known := s.tokens.get(id)
	doc, err := s.o.Store.Get(ctx, documents, id)
	if errors.Is(err, journal.ErrNotFound) {
		if known != nil {
			s.tokens.remove(known)
		}
		return nil
	}
	if err != nil {
		return err
	}
	one := &token{}
	if err := json.Unmarshal(doc, one); err != nil {
		s.o.Log.Error("site: a token that another server changed cannot be read", "token", id, "error", err)
		return nil
	}
	s.tokens.set(one)
	return nil
}

// reloadAll reads all tokens again.
func (s *API) reloadAll(ctx context.Context) error {
	kept, err := s.o.Store.List(ctx, documents)
	if err != nil {
		return err
	}
	ids := map[string]bool{}
	for _, d := range kept {
		ids[d.Key] = true
	}
	for _, known := range s.tokens.all() {
		ids[known.UUID] = true
	}
	var errs []error
	for id := range ids {
		errs = append(errs, s.reload(ctx, id))
	}
	return errors.Join(errs...)
}
