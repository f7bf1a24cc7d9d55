package mockserver

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// ioTimeout is how long a caller may take to send or to read the next part of a message.
const ioTimeout = 30 * time.Second

// withDeadlines closes the connections of callers that stop sending their request or stop reading
// the response. A request may wait for an event: only reading and writing have a limit.
func withDeadlines(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		if r.ContentLength != 0 {
			// Set it now, because the server itself reads a body that the handler ignores.
			_ = control.SetReadDeadline(time.Now().Add(ioTimeout))
			r.Body = &deadlineBody{ReadCloser: r.Body, control: control}
		}
		next.ServeHTTP(&deadlineWriter{ResponseWriter: w, control: control}, r)
	})
}

// deadlineBody gives each part of a body some time to arrive.
type deadlineBody struct {
	io.ReadCloser
	control *http.ResponseController
}

// Read implements io.Reader.
func (b *deadlineBody) Read(p []byte) (int, error) {
	_ = b.control.SetReadDeadline(time.Now().Add(ioTimeout))
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		_ = b.control.SetReadDeadline(time.Time{}) // the server now waits for the next request
	}
	return n, err
}

// deadlineWriter gives the caller some time to read each part of a response.
type deadlineWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	own     bool // the handler sets the write deadlines
}

// WriteHeader implements http.ResponseWriter.
func (w *deadlineWriter) WriteHeader(status int) {
	w.extend()
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *deadlineWriter) Write(p []byte) (int, error) {
	w.extend()
	return w.ResponseWriter.Write(p)
}

// FlushError implements the interface of http.ResponseController.
func (w *deadlineWriter) FlushError() error {
	w.extend()
	return w.control.Flush()
}

// SetWriteDeadline sets the deadline of the connection. A handler that calls it sets all later
// deadlines too.
func (w *deadlineWriter) SetWriteDeadline(at time.Time) error {
	w.own = true
	return w.control.SetWriteDeadline(at)
}

// Unwrap gives http.ResponseController the wrapped writer.
func (w *deadlineWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *deadlineWriter) extend() {
	if !w.own {
		_ = w.control.SetWriteDeadline(time.Now().Add(ioTimeout))
	}
}
