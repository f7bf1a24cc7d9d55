package mockserver

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// webServer serves one handler on one listener.
type webServer struct {
	url     string // as reported to users
	address string // host:port, as this machine reaches it
	server  *http.Server
	stop    context.CancelFunc // cancels the requests that wait or stream
	done    chan error         // the result of Serve
}

// startWeb listens at an address and serves until close.
func startWeb(o Options, address string, guarded []string, handler http.Handler) (*webServer, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	bounded := limitListener(listener)
	ctx, stop := context.WithCancel(context.Background())
	d := &webServer{
		url: "http://" + wire.Reachable(listener.Addr()), address: wire.Reachable(listener.Addr()),
		stop: stop,
		done: make(chan error, 1),
		server: &http.Server{
			Handler: withDeadlines(stripPublicPath(o.DashboardURL, newGate(o, o.DashboardURL, address, listener.Addr(), guarded, handler))),
			// A wait or a stream may take long; reading a request may not.
			ReadHeaderTimeout: 10 * time.Second,
			IdleTimeout:       2 * time.Minute,
			MaxHeaderBytes:    64 << 10,
			BaseContext:       func(net.Listener) context.Context { return ctx },
			ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn),
		},
	}
	d.server.ConnState = bounded.connState
	go func() { d.done <- d.server.Serve(bounded) }()
	return d, nil
}

// stripPublicPath removes the path of the public URL from requests, for proxies that keep it.
func stripPublicPath(public string, next http.Handler) http.Handler {
	u, err := url.Parse(public)
	base := ""
	if err == nil {
		base = strings.TrimRight(u.Path, "/")
	}
	if base == "" {
		return next
	}
	stripped := http.StripPrefix(base, next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == base:
			http.Redirect(w, r, base+"/", http.StatusPermanentRedirect)
		case strings.HasPrefix(r.URL.Path, base+"/"):
			stripped.ServeHTTP(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// endingConnections ends the connections of a server that drains with their next response, so that
// clients make new ones, to another server.
func (s *Server) endingConnections(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.draining.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// close waits until ctx ends for open requests to finish, then closes them. It ends those that wait
// or stream after the time of patience.
func (d *webServer) close(ctx context.Context, patience time.Duration) error {
	if patience > 0 {
		defer d.stop()
		defer time.AfterFunc(patience, d.stop).Stop()
	} else {
		d.stop()
	}
	err := d.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, d.server.Close())
	}
	if served := <-d.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
