package mockserver

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// slowest is how long a caller may take to send or to take the next part of a message.
const slowest = 30 * time.Second

// withDeadlines ends the connections of callers that neither send what they announced nor take what they asked for. A request
// that waits for an event may wait: only reading and writing have a limit.
func withDeadlines(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		if r.ContentLength != 0 {
			// Set now, because what no handler reads is read by the server.
			_ = control.SetReadDeadline(time.Now().Add(slowest))
			r.Body = &deadlineBody{ReadCloser: r.Body, control: control}
		}
		next.ServeHTTP(&deadlineWriter{ResponseWriter: w, control: control}, r)
	})
}

// deadlineBody gives each part of a body time to arrive.
type deadlineBody struct {
	io.ReadCloser
	control *http.ResponseController
}

// Read is that of io.Reader.
func (b *deadlineBody) Read(p []byte) (int, error) {
	_ = b.control.SetReadDeadline(time.Now().Add(slowest))
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		_ = b.control.SetReadDeadline(time.Time{}) // what follows is the server's own waiting
	}
	return n, err
}

// deadlineWriter gives each part of a response time to be taken.
type deadlineWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	own     bool // the handler sets the deadlines
}

// WriteHeader is that of http.ResponseWriter.
func (w *deadlineWriter) WriteHeader(status int) {
	w.extend()
	w.ResponseWriter.WriteHeader(status)
}

// Write is that of http.ResponseWriter.
func (w *deadlineWriter) Write(p []byte) (int, error) {
	w.extend()
	return w.ResponseWriter.Write(p)
}

// FlushError is that of http.ResponseController.
func (w *deadlineWriter) FlushError() error {
	w.extend()
	return w.control.Flush()
}

// SetWriteDeadline is that of http.ResponseController: a handler that sets limits does so from then on.
func (w *deadlineWriter) SetWriteDeadline(at time.Time) error {
	w.own = true
	return w.control.SetWriteDeadline(at)
}

// Unwrap is that of http.ResponseController.
func (w *deadlineWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *deadlineWriter) extend() {
	if !w.own {
		_ = w.control.SetWriteDeadline(time.Now().Add(slowest))
	}
}
