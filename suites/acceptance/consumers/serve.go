package consumers

import (
	"context"
	"errors"
	"net"
	"net/http"
)

// connKey is the key of a request's connection in its context.
type connKey struct{}

// Serve answers on a listener until ctx ends. When it returns, the listener and all connections are
// closed.
func (c *Consumer) Serve(ctx context.Context, listener net.Listener) error {
	if c.listen != nil {
		listener = c.listen(listener)
	}
	server := &http.Server{Handler: c, ReadHeaderTimeout: c.limit, ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
		return context.WithValue(ctx, connKey{}, conn)
	}}
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		_ = server.Close()
	})
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		stop()
		return err
	}
	<-closed
	return nil
}

// T is the part of *testing.T that StartT uses. Ginkgo's GinkgoT() has it too.
type T interface {
	// Helper marks the caller as a helper, for the line number of a failure.
	Helper()
	// Cleanup calls f at the end of the test.
	Cleanup(f func())
	// TempDir returns a folder that the end of the test deletes.
	TempDir() string
	// Fatalf fails the test and ends it.
	Fatalf(format string, args ...any)
}

// StartT starts a consumer on a free port until the test ends, and returns its address without a
// path: http://127.0.0.1:41233.
func StartT(t T, o Options) string {
	t.Helper()
	c, err := New(o)
	if err != nil {
		t.Fatalf("%v", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("%v", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = c.Serve(ctx, listener)
	}()
	t.Cleanup(func() {
		stop()
		<-done
	})
	return "http://" + listener.Addr().String()
}
