package neostore_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// nasty are inputs that break programs.
func nasty() []string {
	return []string{
		"", "null", "[]", "{}", "0", `""`, "true", "{", `{"`, `{"a"`, `{"a":`, `{"a":1,}`, "\x00", "\xff\xfe", "\ufeff{}", "{}{}", "{} x", " {} ",
		`{"events":null,"endpoint":null,"enabled":null,"description":null}`,
		`{"events":{},"endpoint":[],"enabled":1,"description":false}`,
		`{"events":[[]],"endpoint":"\ud800","description":"\u0000"}`,
		`{"events":["*","*","*"],"endpoint":"http://[::1]:99999/"}`,
		`{"events":["*"],"endpoint":"http://%zz/"}`,
		`{"events":["*"],"endpoint":"http://127.0.0.1:1/\u2028"}`,
		`{"events":["a:b:c.d:*"],"endpoint":"http://127.0.0.1:1/?q=%00"}`,
		`{"events":["*"],"events":["Pass:*"],"endpoint":"http://h/","endpoint":"http://127.0.0.1:1/"}`,
		`{"Events":["*"],"ENDPOINT":"http://127.0.0.1:1/"}`,
		`{"passType":"u","identifiers":{"":""},"metadata":{"a.b":"\ud800","__proto__":"x"},"additionalData":` + strings.Repeat(`{"a":`, 2000) + "1" + strings.Repeat("}", 2000) + "}",
		`{"passType":"u","additionalData":{"n":1e999999,"m":-0,"i":123456789012345678901234567890}}`,
		`{"identifiers":{"a":"b"},"attributes":` + strings.Repeat(`{"a":`, 9000) + "1" + strings.Repeat("}", 9000) + "}",
		`{"identifiers":{"a":"b"},"attributes":{"n":1e400,"m":[[[[[]]]]]}}`,
		`{"identifiers":{"a":"b"},"flowName":"\u0000","attributes":{"x":"${1/0}","y":"$${"}}`,
		`{"device":"apple","deviceIdentifier":"../../x"}`, `{"device":"google","deviceIdentifier":"\u0000"}`,
		`{"uri":"https://h/?a=b#c"}`, `{"uri":"http://\u0000/"}`, `{"uri":"//h"}`, `{"metadata":null,"identifiers":null}`, `{"metadata":{"a":null}}`,
		strings.Repeat("[", 100_000), strings.Repeat("x", 1<<20+1), `{"description":"` + strings.Repeat(`\u0000`, 1000) + `"}`,
		"form=x&decision=allow&key=%zz", "form=&decision=deny", "a=b;c=d", "../../../etc/passwd", "%00", "%2f%2e%2e", "a b", "é", "\u202e", "?", "#", "&&==", "'\"<>`",
	}
}

// targets are all places that take input.
func targets(r *server) []struct{ method, path string } {
	h := r.create("http://127.0.0.1:1/", "Nothing:*")
	var p, link struct{ ID string }
	r.want(200, "POST", "/api/acme/passes", `{"passType":"user"}`).into(r.t, &p)
	r.want(200, "POST", "/api/acme/redirects", `{"uri":"http://h/"}`).into(r.t, &link)
	return []struct{ method, path string }{
		{"POST", "/api/acme/webhooks"},
		{"PUT", "/api/acme/webhooks/" + h.ID},
		{"PATCH", "/api/acme/webhooks/" + h.ID},
		{"POST", "/api/acme/passes"},
		{"PATCH", "/api/acme/passes/" + p.ID},
		{"POST", "/api/acme/passes/" + p.ID + "/devices"},
		{"POST", "/api/acme/customers"},
		{"POST", "/api/acme/redirects"},
		{"POST", "/authorize?client_id=a&response_type=token&redirect_uri=http://127.0.0.1:1/"},
		{"GET", "/api/acme/webhooks/{}"},
		{"DELETE", "/api/acme/webhooks/{}"},
		{"GET", "/api/{}/webhooks"},
		{"GET", "/api/acme/passes/{}"},
		{"GET", "/api/acme/passes?pageIndex={}"},
		{"DELETE", "/api/acme/passes/" + p.ID + "/devices/{}"},
		{"GET", "/api/acme/customers/{}"},
		{"GET", "/r/{}"},
		{"GET", "/authorize?{}"},
		{"GET", "/authorize?client_id=a&response_type=token&redirect_uri={}"},
		{"GET", "/authorize?client_id=a&response_type=token&redirect_uri=http://127.0.0.1:1/&state={}&scope={}"},
		{"GET", "/{}"},
	}
}

// Header lines that an input is sent with, or in.
const (
	asJSON   = "Content-Type: application/json"
	asForm   = "Content-Type: application/x-www-form-urlencoded"
	inKey    = "X-API-KEY: {}"
	inToken  = "Authorization: Bearer {}"
	inCookie = "Cookie: neostore_form={}"
)

// check sends an input to a target, and says whether what comes back is an answer that the API may
// give.
func check(t *testing.T, r *server, method, path, input string, headers ...string) {
	t.Helper()
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		body := input
		if method == "GET" {
			body = ""
		}
		req, err := http.NewRequestWithContext(t.Context(), method, r.url+strings.ReplaceAll(path, "{}", url.QueryEscape(input)), strings.NewReader(body))
		if err != nil {
			return // no client can send it
		}
		req.Header.Set("X-API-KEY", "acme-key")
		if name == "Authorization" {
			req.Header.Del("X-API-KEY")
		}
		value = strings.ReplaceAll(value, "{}", input)
		if len(value) > 20_000 || strings.ContainsFunc(value, func(c rune) bool { return c < ' ' || c == 0x7f }) {
			continue // net/http sends no such line
		}
		req.Header.Set(name, value)
		client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		a, err := answerOf(client, req)
		if err != nil {
			t.Errorf("%s %s: %v", method, path, err)
			continue
		}
		if a.status >= 500 || a.status < 200 {
			t.Errorf("%s %s with %.200q: %d %.500s", method, path, input, a.status, a.body)
		}
		explained := strings.Contains(a.body, `"detail":"`) || strings.Contains(a.body, `"errors":{`) || strings.Contains(a.body, `role="alert"`) || a.status == 431 || a.status == 414
		if a.status >= 400 && method != "HEAD" && !explained && !strings.Contains(a.body, "400 Bad Request") {
			t.Errorf("%s %s with %.200q: %d says nothing: %.500s", method, path, input, a.status, a.body)
		}
	}
}

func answerOf(client *http.Client, req *http.Request) (answer, error) {
	resp, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(body)}, err
}

func TestNastyInput(t *testing.T) {
	t.Parallel()
	r := start(t, setup{})
	for _, target := range targets(r) {
		for _, input := range nasty() {
			check(t, r, target.method, target.path, input, asJSON)
		}
	}
	for _, input := range nasty() {
		check(t, r, "GET", "/api/acme/webhooks", input, inKey, inToken)
		check(t, r, "POST", "/authorize?client_id=a&response_type=token&redirect_uri=http://127.0.0.1:1/", input, asForm, inCookie)
	}
	// What was kept can be read, and its events delivered.
	for _, kind := range []string{"webhooks", "passes?pageSize=1000", "customers?pageSize=1000", "redirects?pageSize=1000"} {
		r.want(200, "GET", "/api/acme/"+kind, "")
	}
	r.waitIdle()
	if strings.Contains(r.log.String(), "level=ERROR") {
		t.Errorf("%s", r.log.String())
	}
}

func FuzzAPI(f *testing.F) {
	for i, input := range nasty() {
		if len(input) < 10_000 {
			f.Add(uint8(i), input)
		}
	}
	r := start(f, setup{})
	all := targets(r)
	calls := 0
	f.Fuzz(func(t *testing.T, which uint8, input string) {
		if calls++; calls%200 == 0 {
			// Each event goes to every webhook that an earlier input registered, and what is
			// pending fills the journal. Nothing waits for the attempts: an input may name an
			// address that never answers.
			endpoints, err := r.Dispatcher.Endpoints(t.Context(), "neostore")
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range endpoints {
				if err := r.Dispatcher.Remove(t.Context(), e.ID); err != nil {
					t.Fatal(err)
				}
			}
		}
		target := all[int(which)%len(all)]
		check(t, r, target.method, target.path, input, asJSON, asForm, inKey, inToken, inCookie)
	})
}
