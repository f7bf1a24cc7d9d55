package webhooksite_test

import (
	"io"
	"net"
	"strings"
	"testing"
)

// Whatever is asked, the answer is a 4xx in the API's form, nothing is changed and the server goes
// on.
func TestNastyCalls(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	id := r.token(`{}`)
	req := r.deliver("/"+id, "x", 200)
	before := r.call("GET", "/token/"+id, "", 200)
	base := "/token/" + id
	for _, tt := range []struct {
		method, path, body string
		want               int
		message            string
	}{
		{"POST", "/token", `{`, 400, "is no JSON object"},
		{"POST", "/token", `[]`, 400, "is no JSON object"},
		{"POST", "/token", `"x"`, 400, "is no JSON object"},
		{"POST", "/token", `{"a":1}{}`, 400, "is no JSON object"},
		{"POST", "/token", strings.Repeat("[", 100_000), 400, "is no JSON object"},
		{"POST", "/token", "{\"default_content\":\"\xff\"}", 400, "not UTF-8"},
		{"POST", "/token", `{"default_status":199}`, 422, "default_status"},
		{"POST", "/token", `{"default_status":600}`, 422, "200 to 599"},
		{"POST", "/token", `{"default_status":200.5}`, 422, "whole number"},
		{"POST", "/token", `{"default_status":1e400}`, 422, "default_status"},
		{"POST", "/token", `{"default_status":[200]}`, 422, "default_status"},
		{"POST", "/token", `{"timeout":31}`, 422, "timeout"},
		{"POST", "/token", `{"timeout":-1}`, 422, "timeout"},
		{"POST", "/token", `{"listen":11}`, 422, "listen"},
		{"POST", "/token", `{"expiry":604801}`, 422, "expiry"},
		{"POST", "/token", `{"expiry":0}`, 422, "expiry"},
		{"POST", "/token", `{"request_limit":10001}`, 422, "request_limit"},
		{"POST", "/token", `{"cors":"perhaps"}`, 422, "cors"},
		{"POST", "/token", `{"clone_from":"nobody"}`, 422, "clone_from"},
		{"POST", "/token", `{"default_content":{}}`, 422, "default_content"},
		{"POST", "/token", `{"default_content":"` + strings.Repeat("x", 1<<20+1) + `"}`, 422, "at most"},
		{"POST", "/token", `{"default_content_type":"a\r\nX: y"}`, 422, "one line"},
		{"PUT", base, `{"default_status":0}`, 422, "default_status"},
		{"PUT", base, `no`, 400, "is no JSON object"},
		{"GET", base + "/requests?page=-1", "", 422, "page"},
		{"GET", base + "/requests?page=9999999999999999999999", "", 422, "page"},
		{"GET", base + "/requests?per_page=x", "", 422, "per_page"},
		{"GET", base + "/requests?sorting=sideways", "", 422, "sorting"},
		{"GET", base + "/requests?date_from=yesterday", "", 422, "date"},
		{"GET", base + "/requests?date_to=now-", "", 422, "units"},
		{"GET", base + "/requests?query=(", "", 422, "query"},
		{"GET", base + "/requests?query=%ff", "", 422, "UTF-8"},
		{"GET", base + "/requests?query=%zz", "", 400, "query string"},
		{"GET", base + "/requests?query=" + strings.Repeat("(", 4000), "", 422, "within each other"},
		{"GET", base + "/requests?query=" + strings.Repeat("a+", 300), "", 422, "clauses"},
		{"GET", base + "/requests?query=" + strings.Repeat("*", 300), "", 422, "wildcards"},
		{"GET", base + "/requests?query=" + strings.Repeat("a", 5000), "", 422, "4096"},
		{"DELETE", base + "/request?query=nofield:x", "", 422, "nofield"},
		{"DELETE", base + "/request?date_to=2026-13-01", "", 422, "date"},
		{"GET", base + "/request/" + strings.ToUpper(req), "", 404, "none of that id"},
		{"GET", base + "/request/00000000-0000-0000-0000-000000000000", "", 404, "none of that id"},
		{"GET", base + "/request/x", "", 404, "none of that id"},
		{"GET", base + "/request/" + req + "/download/" + req, "", 404, "none of that id"},
		{"PUT", base + "/requests/" + req, `{}`, 422, "note"},
		{"PUT", base + "/requests/" + req, `{"note":"` + strings.Repeat("é", 10_001) + `"}`, 422, "10000"},
		{"PUT", base + "/requests/" + req + "/response", `{"status":100}`, 422, "status"},
		{"PUT", base + "/requests/" + req + "/response", `{"content":"%"}`, 422, "base64"},
		{"PUT", base + "/requests/" + req + "/response", `{"headers":{"a b":"c"}}`, 422, "no name"},
		{"PUT", base + "/requests/" + req + "/response", `{"headers":{"a":"b\nc"}}`, 422, "one line"},
		{"PUT", base + "/requests/" + req + "/response", `{"headers":{"a":[[]]}}`, 422, "one line"},
		{"PUT", base + "/requests/" + req + "/response", `{"headers":"x"}`, 422, "headers"},
		{"GET", "/token?order_by=colour", "", 422, "order_by"},
		{"GET", "/token/%2e%2e/%00", "", 404, "no such path"},
		{"GET", "/token/%00", "", 410, `\x00`},
		{"DELETE", "/token", "", 405, "GET or POST"},
	} {
		got := r.send(tt.method, tt.path, tt.body, "Content-Type", "application/json")
		if got.status != tt.want || got.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %.80s %.80s: %d %s as %s, want %d", tt.method, tt.path, tt.body, got.status, got.body, got.header.Get("Content-Type"), tt.want)
			continue
		}
		told := r.object(got.body)
		about, _ := told["error"].(map[string]any)
		message, _ := about["message"].(string)
		if id, _ := about["id"].(string); told["success"] != false || id == "" || !strings.Contains(message, tt.message) || len(message) > 2000 {
			t.Errorf("%s %.80s %.80s: %s, want an error with %q", tt.method, tt.path, tt.body, got.body, tt.message)
		}
	}
	after := r.call("GET", "/token/"+id, "", 200)
	if len(after) != len(before) || after["updated_at"] != before["updated_at"] || len(r.listed(id, "")) != 1 {
		t.Errorf("before %v, after %v", before, after)
	}
	if got := r.call("GET", "/token", "", 200)["data"].([]any); len(got) != 1 {
		t.Errorf("%d tokens, want 1", len(got))
	}
}

func TestOddRequestLines(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	for raw, want := range map[string]string{
		// no bin, and not the API
		"GET /token%zz HTTP/1.1\r\nHost: x\r\n\r\n":                                                      "404",
		"GET /token/%zz HTTP/1.1\r\nHost: x\r\n\r\n":                                                     "400",
		"GET http://x/token/a HTTP/1.1\r\nHost: x\r\n\r\n":                                               "410",
		"GET /token#x HTTP/1.1\r\nHost: x\r\n\r\n":                                                       "404",
		"POST /token HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 99999999999\r\n\r\n": "413",
		"GET /token? HTTP/1.0\r\n\r\n":                                                                   "200",
		"HEAD /token HTTP/1.1\r\nHost: x\r\n\r\n":                                                        "200",
		"POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab":                                 "400",
		"POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n":                         "400",
		"POST /token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxx\r\n":                    "400",
		// a bin like any other
		"GET /tokens HTTP/1.1\r\nHost: x\r\n\r\n":                                        "200",
		"BREW /token HTTP/1.1\r\nHost: x\r\n\r\n":                                        "405",
		"GET /token HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n":                              "200",
		"GET /token/" + strings.Repeat("a/", 5000) + " HTTP/1.1\r\nHost: x\r\n\r\n":      "404",
		"GET /token?" + strings.Repeat("page=1&", 5000) + " HTTP/1.1\r\nHost: x\r\n\r\n": "200",
	} {
		c, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, raw); err != nil {
			t.Fatal(err)
		}
		if err := c.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(c)
		c.Close()
		if fields := strings.Fields(string(got)); err != nil || len(fields) < 2 || fields[1] != want {
			t.Errorf("%.80q: %.200q, %v; want %s", raw, got, err, want)
		}
	}
}

func TestFormsAreTaken(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	got := r.send("POST", "/token", "default_status=204&cors=1&default_content=a+b", "Content-Type", "application/x-www-form-urlencoded")
	if made := r.object(got.body); got.status != 201 || made["default_content"] != "a b" || made["cors"] != true {
		t.Errorf("%d %s", got.status, got.body)
	}
	clone := r.object(r.send("POST", "/token", `{"clone_from":"`+r.object(got.body)["uuid"].(string)+`"}`).body)
	if clone["default_content"] != "a b" || clone["cors"] != true || clone["uuid"] == r.object(got.body)["uuid"] {
		t.Errorf("clone %v", clone)
	}
}
