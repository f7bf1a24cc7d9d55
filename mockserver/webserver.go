package mockserver

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/hookrig/hookrig/mockserver/wire"
)

// webServer serves one handler on a listener of its own.
type webServer struct {
	url    string
	server *http.Server
	stop   context.CancelFunc // ends the requests that wait or stream
	done   chan error         // of Serve
}

// startWeb listens at an address and serves until close.
func startWeb(o Options, address string, guarded []string, handler http.Handler) (*webServer, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	bounded := limited(listener)
	ctx, stop := context.WithCancel(context.Background())
	d := &webServer{
		url:  "http://" + wire.Reachable(listener.Addr()),
		stop: stop,
		done: make(chan error, 1),
		server: &http.Server{
			Handler: paced(newGate(o, address, listener.Addr(), guarded, handler)),
			// A wait or a stream may last; reading a request may not.
			ReadHeaderTimeout: 10 * time.Second,
			IdleTimeout:       2 * time.Minute,
			MaxHeaderBytes:    64 << 10,
			BaseContext:       func(net.Listener) context.Context { return ctx },
			ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn),
		},
	}
	d.server.ConnState = bounded.changed
	go func() { d.done <- d.server.Serve(bounded) }()
	return d, nil
}

// close lets requests under way finish until ctx ends.
func (d *webServer) close(ctx context.Context) error {
	d.stop()
	err := d.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, d.server.Close())
	}
	if served := <-d.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
