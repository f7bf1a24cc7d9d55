package webhooksite

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/capture"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// apiName is the first segment of the API's paths.
const apiName = "token"

// Options configure New.
type Options struct {
	Store journal.Store
	Now   func() time.Time // the clock of expiries and date expressions; nil is time.Now
	Log   *slog.Logger     // nil is silence
}

// API answers calls, and for the bins of its tokens.
type API struct {
	o       Options
	tokens  tokens
	waiters waiters
	routes  []route
	unshare func()
}

// New returns the API with the tokens of the store. Close it.
func New(ctx context.Context, o Options) (*API, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &API{o: o}
	s.routes = s.allRoutes()
	s.share(ctx)
	if err := s.tokens.restore(ctx, o.Store); err != nil {
		s.Close()
		return nil, fmt.Errorf("read the tokens: %w", err)
	}
	if err := s.expire(ctx, o.Now()); err != nil {
		s.Close()
		return nil, fmt.Errorf("clear what has expired: %w", err)
	}
	return s, nil
}

// Front returns the API for a capture server. Wrap its API in what guards the address.
func (s *API) Front() capture.Front { return capture.Front{API: s, Receive: s.receive} }

// ServeHTTP answers a call of the API.
func (s *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := s.serve(w, r); err != nil {
		s.answerError(w, r, err)
	}
}
