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

// proxy is an HTTP proxy between a run and the server's API. Functions that are nil change nothing.
type proxy struct {
	refuse func(*http.Request) bool // selects the calls that fail with "disk full"
	asked  func(*http.Request)
	// edit returns the new body of a JSON response. It may change its headers.
	edit func(resp *http.Response, body []byte) []byte
	// stream is called with each part of the stream of updates.
	stream func(piece []byte)
}

// client returns a client whose calls go through the proxy. The server needs a dashboard.
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

// edited changes the records of type T in a JSON body and preserves other members.
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

// page is a list in the form of the API.
type page[T any] struct {
	Items []T     `json:"items"`
	Next  *uint64 `json:"next"`
}

// serve starts a server with a dashboard, for a proxy.
func serve(t *testing.T) *mockserver.Server {
	t.Helper()
	return mockserver.StartT(t, mockserver.Options{Dashboard: dashboard.Handler})
}
