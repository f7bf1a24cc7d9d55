package ethpass_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// FuzzRequests: no request, however odd, is answered with a failure of the rig, and what is refused is explained.
func FuzzRequests(f *testing.F) {
	r := play(f)
	pass := r.make()
	session := r.request("POST", "/session", "key="+r.key, "Content-Type", "application/x-www-form-urlencoded")
	registration := r.call("POST", path("/v0/passes/%s/registrations", pass.get("id")), "").get("id")
	id, cookie := pass.get("id"), strings.Split(session.header.Get("Set-Cookie"), ";")[0]
	const form = "application/x-www-form-urlencoded"
	paths := []string{
		"/v0/passes", "/api/v0/passes", "/v0/passes/" + id, "/v0/passes/" + id + "/registrations", "/v0/passes/" + id + "/ownership",
		"/v0/passes/" + id + "/registrations/" + registration, "/v0/passes/" + id + "/distribution", "/v0/project", "/v0/project/webhook", "/v0/project/secret",
		"/v0/scan", "/v0/scan/", "/v0/files/demo/" + id, "/", "/webhooks", "/webhooks/secret", "/session", "/session/end", "/passes/" + id + "/revoke", "/dashboard.css",
		"/v0/passes/\x00", "/v0/passes/..", "/v0//passes", "/v0/passes/%2f", "/v0/passes/\xff\xfe", "/v0/passes/" + strings.Repeat("x", 5000), "/v0/files/../../etc",
	}
	bodies := []string{
		"", "null", "[]", "0", `""`, "{", "{}", `{"a":1,"a":2}`, `{"chain":null,"chain":{}}`, strings.Repeat("[", 20000), `{"pass":` + strings.Repeat(`{"a":`, 9000) + "1" + strings.Repeat("}", 9000) + "}",
		`{"wallet":{"chain":{"name":"evm","network":1e400},"address":"0x"}}`, `{"wallet":{"chain":{"name":"evm","network":{}},"address":[]}}`,
		`{"wallet":{"chain":{"name":"evm","network":1},"address":"0xa8c62111e4652b07110a0fc81816303c42632f64"},"nft":{"contractAddress":"0x79c1d53f15e34895d608ff47ee56ad1f0f3f45d3","tokenId":1e2}}`,
		`{"wallet":{"chain":{"name":"evm","network":1},"address":"0xa8c62111e4652b07110a0fc81816303c42632f64"},"barcode":{"message":"\u0000\ud800"},"pass":{"":{"\u0000":[]}}}`,
		`{"endpoint":"http://127.0.0.1:1/","authorization":"\u0007"}`, `{"endpoint":"http://[::1","authorization":7}`, `{"endpoint":"\u0000"}`, `{"secret":"\r\n"}`, `{"secret":{}}`,
		`{"valid":"true"}`, "{\"image\":\"\xff\"}", "\xef\xbb\xbf{}", `{"barcode":{"redirect":[]},"pass":null}`, `{"barcode":{"redirect":{"url":"http://%zz"}}}`,
		"key=demo-key", "token=%zz", "endpoint=\x00&authorization=\xff",
	}
	for i, path := range paths {
		for j, body := range bodies {
			method := []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "X"}[(i+j)%8]
			contentType := []string{"application/json", form, "", "text/html; charset", "application/json; charset=utf-8"}[(i*7+j)%5]
			f.Add(method, path, "data="+pass.get("barcodeSignature")+"&expired=\x00&limit=9e9&scanHistoryStartTime=99999999999", contentType, "demo-key", body)
			f.Add("POST", path, "", "application/json", "demo-key", body)
		}
	}
	f.Add("GET", "/v0/passes", "%zz;&", "", "\x00\xff", "")
	f.Add("GET", "/v0/scan", "data=%00%ff", "", "demo-key", "")
	f.Fuzz(func(t *testing.T, method, path, query, contentType, key, body string) {
		req := &http.Request{
			Method: method, URL: &url.URL{Path: path, RawQuery: query}, Host: "127.0.0.1", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: http.Header{"X-Api-Key": {key}, "Content-Type": {contentType}, "Cookie": {cookie}},
			Body:   http.NoBody, ContentLength: int64(len(body)), RemoteAddr: "127.0.0.1:1", RequestURI: path,
		}
		if body != "" {
			req.Body = readCloser{strings.NewReader(body)}
		}
		w := httptest.NewRecorder()
		r.handler.ServeHTTP(w, req.WithContext(t.Context()))
		page := strings.HasPrefix(w.Header().Get("Content-Type"), "text/html")
		switch {
		case w.Code >= 500:
			t.Fatalf("%s %q: %d %s", method, path, w.Code, w.Body)
		case w.Code >= 400 && page && !strings.Contains(w.Body.String(), `role="alert"`):
			t.Fatalf("%s %q: %d, and the page says nothing", method, path, w.Code)
		case w.Code >= 400 && !page && gjson.Get(w.Body.String(), "message").String() == "":
			t.Fatalf("%s %q: %d, and says nothing: %s", method, path, w.Code, w.Body)
		}
	})
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }
