package capture

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/internal/clip"
	"github.com/hookrig/hookrig/internal/redact"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// Front is an API served at the capture address, in front of bins: see package webhooksite. The
// zero Front is none.
type Front struct {
	// API answers requests to "/token" and below, which are not recorded; nil answers them 404.
	API http.Handler
	// Receive decides how to receive a request to a bin; nil follows the bin's settings. It is
	// called when the request was read, whole or not, and may not keep the message.
	Receive func(bin string, m *wire.Message) *Reception
}

// Reception is how one request to a bin is received.
type Reception struct {
	// Bin records the request: the requested bin, or the one that it is another name of. "" records
	// nothing, and Response says why.
	Bin string
	// Response is sent, unless the bin's settings have responses or a consumer.
	Response journal.Response
	// Stored is called when the request was read whole and is stored, and may wait until ctx ends;
	// nil does nothing. It returns the response to send instead of the recorded one, and more
	// header lines. It does not change a consumer's response.
	Stored func(ctx context.Context, c *journal.Capture) (journal.Response, signature.Headers)
	// Done is called in any case when the request has been recorded, or could not be; nil does
	// nothing.
	Done func()
}

// receive asks the front how to receive the request, and uses the bin that it names.
func (c *conn) receive() *Reception {
	if c.s.o.Front.Receive == nil {
		return nil
	}
	reception := c.s.o.Front.Receive(c.request.bin, &c.request.Message)
	if reception != nil {
		c.request.bin = reception.Bin
	}
	return reception
}

// withLines adds header lines to an answer unchanged.
func (a *answer) withLines(lines signature.Headers) *answer {
	var head strings.Builder
	head.WriteString(a.head)
	for i := range lines {
		head.WriteString(lines[i].Name + ": " + lines[i].Value + "\r\n")
	}
	a.head = head.String()
	return a
}

// isAPI reports whether a path belongs to Front.API.
func isAPI(path string) bool {
	rest, ok := strings.CutPrefix(path, "/"+journal.ReservedBin)
	return ok && (rest == "" || rest[0] == '/')
}

// maxAPICalls is how many API responses are made and written at a time: each may hold many
// requests.
const maxAPICalls = 4

// endAPI follows when the API's response is written.
func (c *conn) endAPI() {
	if c.callsAPI {
		c.callsAPI = false
		<-c.s.apiCalls
	}
}

// callAPI lets the API answer a request. It reads and writes bytes in memory, so it needs no other
// server.
func (c *conn) callAPI(target string) *answer {
	m := &c.request.Message
	select {
	case c.s.apiCalls <- struct{}{}:
		c.callsAPI = true
	case <-c.s.forwarding.Done():
	}
	address, err := url.ParseRequestURI(target)
	if err != nil {
		return newAnswer(journal.Response{Status: http.StatusBadRequest, Body: "target " + clip.Quote(redact.URL(m.Target)) + ": " + err.Error() + "\n"})
	}
	r := (&http.Request{
		Method: m.Method, URL: address, Proto: m.Version, ProtoMajor: 1, ProtoMinor: 1, RequestURI: target, RemoteAddr: c.peer,
		Header: http.Header{}, Host: m.Headers.Get("Host"), Body: http.NoBody, ContentLength: int64(len(m.Body)),
	}).WithContext(c.s.forwarding) // cancelled when Close's deadline passes
	for i := range m.Headers {
		r.Header.Add(m.Headers[i].Name, m.Headers[i].Value)
	}
	r.Host = cmp.Or(r.Host, address.Host)
	r.Header.Del("Host")
	if len(m.Body) > 0 {
		r.Body = io.NopCloser(bytes.NewReader(m.Body))
	}
	w := &apiResponse{header: http.Header{}}
	c.s.o.Front.API.ServeHTTP(w, r)
	a := newAnswer(journal.Response{Status: cmp.Or(w.status, http.StatusOK)})
	a.content = w.body.String()
	var lines signature.Headers
	for name, values := range w.header {
		for _, value := range values {
			if !is(name, "Content-Length") { // recomputed
				lines.Add(name, strings.NewReplacer("\r", " ", "\n", " ").Replace(value))
			}
		}
	}
	return a.withLines(lines)
}

// apiResponse is an http.ResponseWriter that stores the response in memory.
type apiResponse struct {
	status int
	header http.Header
	body   bytes.Buffer
}

func (w *apiResponse) Header() http.Header { return w.header }

func (w *apiResponse) WriteHeader(status int) { w.status = cmp.Or(w.status, status) }

func (w *apiResponse) Write(p []byte) (int, error) { return w.body.Write(p) }
