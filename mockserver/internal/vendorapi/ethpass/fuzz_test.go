package ethpass_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// odd is a request out of which a client could not be made.
type odd struct{ method, path, query, contentType, key, body string }

// try answers an odd request: no request is a failure of the server, and what is refused is
// explained.
func (r *server) try(t testing.TB, cookie string, o odd) {
	t.Helper()
	if o.path == "*" {
		return // net/http's ServeMux answers it, with an empty 400
	}
	req := &http.Request{
		Method: o.method, URL: &url.URL{Path: o.path, RawQuery: o.query}, Host: "127.0.0.1", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"X-Api-Key": {o.key}, "Content-Type": {o.contentType}, "Cookie": {cookie}},
		Body:   io.NopCloser(strings.NewReader(o.body)), ContentLength: int64(len(o.body)), RemoteAddr: "127.0.0.1:1", RequestURI: o.path,
	}
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, req.WithContext(t.Context()))
	page := strings.HasPrefix(w.Header().Get("Content-Type"), "text/html")
	switch {
	case w.Code >= 500:
		t.Fatalf("%q: %d %s", o, w.Code, w.Body)
	case w.Code >= 400 && page && !strings.Contains(w.Body.String(), `role="alert"`):
		t.Fatalf("%q: %d, and the page says nothing", o, w.Code)
	case w.Code >= 400 && !page && gjson.Get(w.Body.String(), "message").String() == "":
		t.Fatalf("%q: %d, and says nothing: %s", o, w.Code, w.Body)
	}
}

const form = "application/x-www-form-urlencoded"

// oddities are a session's cookie, and paths and bodies to try with it.
func (r *server) oddities() (cookie string, paths, bodies []string) {
	id := r.make().get("id")
	registration := r.call("POST", path("/v0/passes/%s/registrations", id), "").get("id")
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := browser.PostForm(r.url+"/session", url.Values{"key": {r.key}})
	if err != nil {
		r.t.Fatal(err)
	}
	resp.Body.Close()
	cookie, _, _ = strings.Cut(resp.Header.Get("Set-Cookie"), ";")
	paths = []string{
		"/v0/passes", "/api/v0/passes", "/v0/passes/" + id, "/v0/passes/" + id + "/registrations", "/v0/passes/" + id + "/ownership",
		"/v0/passes/" + id + "/registrations/" + registration, "/v0/passes/" + id + "/distribution", "/v0/project", "/v0/project/webhook", "/v0/project/secret",
		"/v0/scan", "/v0/scan/", "/v0/files/demo/" + id, "/", "/webhooks", "/webhooks/secret", "/session", "/session/end", "/passes/" + id + "/revoke", "/dashboard.css",
		"/v0/passes/\x00", "/v0/passes/..", "/v0//passes", "/v0/passes/%2f", "/v0/passes/\xff\xfe", "/v0/passes/" + strings.Repeat("x", 5000), "/v0/files/../../etc",
	}
	bodies = []string{
		"", "null", "[]", "0", `""`, "{", "{}", `{"a":1,"a":2}`, `{"chain":null,"chain":{}}`, strings.Repeat("[", 20000), `{"pass":` + strings.Repeat(`{"a":`, 9000) + "1" + strings.Repeat("}", 9000) + "}",
		`{"wallet":{"chain":{"name":"evm","network":1e400},"address":"0x"}}`, `{"wallet":{"chain":{"name":"evm","network":{}},"address":[]}}`,
		`{"wallet":{"chain":{"name":"evm","network":1},"address":"0xa8c62111e4652b07110a0fc81816303c42632f64"},"nft":{"contractAddress":"0x79c1d53f15e34895d608ff47ee56ad1f0f3f45d3","tokenId":1e2}}`,
		`{"wallet":{"chain":{"name":"evm","network":1},"address":"0xa8c62111e4652b07110a0fc81816303c42632f64"},"barcode":{"message":"\u0000\ud800"},"pass":{"":{"\u0000":[]}}}`,
		`{"endpoint":"http://127.0.0.1:1/","authorization":"\u0007"}`, `{"endpoint":"http://[::1","authorization":7}`, `{"endpoint":"\u0000"}`, `{"secret":"\r\n"}`, `{"secret":{}}`,
		`{"valid":"true"}`, "{\"image\":\"\xff\"}", "\xef\xbb\xbf{}", `{"barcode":{"redirect":[]},"pass":null}`, `{"barcode":{"redirect":{"url":"http://%zz"}}}`,
		"key=demo-key", "token=%zz", "endpoint=\x00&authorization=\xff",
	}
	return cookie, paths, bodies
}

func TestOddRequests(t *testing.T) {
	t.Parallel()
	r := play(t)
	cookie, paths, bodies := r.oddities()
	if got := r.request("GET", "/webhooks", "", "Cookie", cookie); !strings.Contains(got.body, "Leave the project") {
		t.Fatalf("the session is not one: %s", got.body)
	}
	for _, path := range paths {
		for _, body := range bodies {
			for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "X"} {
				contentType := "application/json"
				if !strings.HasPrefix(path, "/v0") && !strings.HasPrefix(path, "/api") {
					contentType = form
				}
				r.try(t, cookie, odd{method, path, "", contentType, r.key, body})
			}
		}
		for _, query := range []string{
			"%zz;&", "data=%00%ff", "data=x&dryRun=%00", "expired=%00", "limit=9e9", "offset=99999999999999999999", "scanHistoryStartTime=99999999999&scanHistoryEndTime=0",
			"ownerAddress=%ff", "contractAddress=" + strings.Repeat("0", 5000), "expireAction=%00", "chain=%22",
		} {
			r.try(t, cookie, odd{"GET", path, query, "", r.key, ""})
			r.try(t, cookie, odd{"DELETE", path, query, "text/html; charset", r.key, ""})
		}
		r.try(t, "\x00=\xff", odd{"POST", path, "", form, "\x00\xff", "key=demo-key"})
	}
}

func FuzzRequests(f *testing.F) {
	r := play(f)
	cookie, paths, bodies := r.oddities()
	for i, path := range paths {
		f.Add([]string{"GET", "POST", "PUT", "PATCH", "DELETE"}[i%5], path, "data=0x&expired=0&limit=9", "application/json", r.key, bodies[i%len(bodies)])
	}
	for i, body := range bodies {
		f.Add("POST", paths[i%2], "", "application/json", r.key, body)
	}
	f.Fuzz(func(t *testing.T, method, path, query, contentType, key, body string) {
		r.try(t, cookie, odd{method, path, query, contentType, key, body})
	})
}
