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

// deskServer serves the desk on a listener of its own.
type deskServer struct {
	url    string
	server *http.Server
	stop   context.CancelFunc // ends the requests that wait or stream
	done   chan error         // of Serve
}

// startDesk listens and serves until close.
func startDesk(o Options, handler http.Handler) (*deskServer, error) {
	listener, err := net.Listen("tcp", o.DeskAddress)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	d := &deskServer{
		url:  "http://" + wire.Reachable(listener.Addr()),
		stop: stop,
		done: make(chan error, 1),
		server: &http.Server{
			Handler: newGate(o, listener.Addr(), handler),
			// A wait or a stream may last; reading a request may not.
			ReadHeaderTimeout: 10 * time.Second,
			IdleTimeout:       2 * time.Minute,
			MaxHeaderBytes:    64 << 10,
			BaseContext:       func(net.Listener) context.Context { return ctx },
			ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn),
		},
	}
	go func() { d.done <- d.server.Serve(listener) }()
	return d, nil
}

// close lets requests under way finish until ctx ends.
func (d *deskServer) close(ctx context.Context) error {
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
