package scenarios

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/dashboard"
)

// proxy stands between a run and the server's API. What is nil goes through unaltered.
type proxy struct {
	refuse func(*http.Request) bool // the calls that fail: "disk full"
	asked  func(*http.Request)
	// edit returns the body of a response of JSON, and may alter the rest of it.
	edit func(resp *http.Response, body []byte) []byte
	// stream is told each piece of the stream of updates.
	stream func(piece []byte)
}

// client returns a client of the server whose calls pass the proxy. The server needs a dashboard.
func (p proxy) client(t *testing.T, server *mockserver.Server) *mockserver.Client {
	t.Helper()
	api, err := url.Parse(server.DashboardURL())
	if err != nil {
		t.Fatal(err)
	}
	forward := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(api) },
		ModifyResponse: p.modify,
		ErrorHandler:   func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.asked != nil {
			p.asked(r)
		}
		if p.refuse != nil && p.refuse(r) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, `{"title": "Internal Server Error", "status": 500, "detail": "disk full"}`)
			return
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	client, err := mockserver.Dial(front.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

func (p proxy) modify(resp *http.Response) error {
	switch kind, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";"); {
	case kind == "text/event-stream" && p.stream != nil:
		body := resp.Body
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.TeeReader(body, tellWriter(p.stream)), body}
	case kind == "application/json" && p.edit != nil:
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		body = p.edit(resp, body)
		resp.Header.Del("Content-Length")
		resp.ContentLength, resp.Body = int64(len(body)), io.NopCloser(bytes.NewReader(body))
	}
	return nil
}

type tellWriter func([]byte)

func (tell tellWriter) Write(piece []byte) (int, error) {
	tell(piece)
	return len(piece), nil
}

// edited alters the records of T in a body of JSON, and leaves their other members as they are.
func edited[T any](t *testing.T, body []byte, alter func(T) T) []byte {
	t.Helper()
	var v T
	if err := json.Unmarshal(body, &v); err != nil {
		t.Errorf("%v: %s", err, body)
	}
	body, err := json.Marshal(alter(v))
	if err != nil {
		t.Error(err)
	}
	return body
}

// page is a list of the API.
type page[T any] struct {
	Items []T     `json:"items"`
	Next  *uint64 `json:"next"`
}

// serve starts a server that a proxy can stand before.
func serve(t *testing.T) *mockserver.Server {
	t.Helper()
	return mockserver.StartT(t, mockserver.Options{Dashboard: dashboard.Handler})
}
