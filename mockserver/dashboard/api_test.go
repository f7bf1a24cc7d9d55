package dashboard_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/dashboard"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server is a server with a dashboard, and a client of its API without Go types.
type server struct {
	*mockserver.Server
	http *http.Client
}

func start(t *testing.T, o mockserver.Options) *server {
	t.Helper()
	o.Dashboard = dashboard.Handler
	r := &server{mockserver.StartT(t, o), &http.Client{Transport: &http.Transport{}}}
	t.Cleanup(r.http.CloseIdleConnections)
	return r
}

// call sends a request to the API and checks the status. It decodes JSON and keeps its numbers as
// they are.
func (r *server) call(t *testing.T, status int, method, path, body string) map[string]any {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, r.DashboardURL()+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := r.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != status {
		t.Fatalf("%s %s: status %d, want %d: %s", method, path, resp.StatusCode, status, raw)
	}
	want := "application/json"
	if status >= 400 && status != http.StatusRequestTimeout {
		want = "application/problem+json"
	}
	if got := resp.Header.Get("Content-Type"); len(raw) > 0 && got != want {
		t.Errorf("%s %s: content type %q, want %q", method, path, got, want)
	}
	if len(raw) == 0 {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v map[string]any
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%s %s: %v: %s", method, path, err, raw)
	}
	return v
}

// write sends raw bytes to the capture address and waits for the response.
func (r *server) write(t *testing.T, raw string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(r.CaptureURL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, raw); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(conn).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
}

// shape writes a value as JSON and replaces the values that differ from run to run.
func shape(t *testing.T, v any) string {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, r := range []struct{ pattern, with string }{
		{`"\d{4}-\d\d-\d\dT[\d:.]+Z"`, `"TIME"`},
		{`127\.0\.0\.1:\d+`, `HOST`},
		{`"took_ms": [\d.]+`, `"took_ms": 0`},
	} {
		text = regexp.MustCompile(r.pattern).ReplaceAllString(text, r.with)
	}
	return text
}

func TestCaptureJSON(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	request := "POST /inbox//a/../b?x=%2F&x HTTP/1.1\r\nhost: " + strings.TrimPrefix(r.CaptureURL(), "http://") +
		"\r\nX-Twice: 1\r\nx-twice: 2\r\nContent-Length: 5\r\n\r\nh\x00\xff<>"
	r.write(t, request)
	items := r.call(t, 200, "GET", "/bins/inbox/captures", "")["items"].([]any)
	id := items[0].(map[string]any)["id"].(string)
	got := r.call(t, 200, "GET", "/captures/"+id, "")
	want := `{
 "at": "TIME",
 "bin": "inbox",
 "body": "aAD/PD4=",
 "event": "",
 "headers": [
  [
   "host",
   "HOST"
  ],
  [
   "X-Twice",
   "1"
  ],
  [
   "x-twice",
   "2"
  ],
  [
   "Content-Length",
   "5"
  ]
 ],
 "id": "` + id + `",
 "method": "POST",
 "peer": "HOST",
 "problems": [],
 "provider": "",
 "response": {
  "status": 200
 },
 "seq": 1,
 "size": 5,
 "target": "/inbox//a/../b?x=%2F&x",
 "tls": null,
 "verification": null,
 "version": "HTTP/1.1"
}
`
	if text := shape(t, got); text != want {
		t.Errorf("capture:\n%s\nwant:\n%s", text, want)
	}

	resp, err := r.http.Get(r.DashboardURL() + "/api/v1/captures/" + id + "/raw")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, _ := io.ReadAll(resp.Body)
	if string(raw) != request {
		t.Errorf("raw:\n%q\nwant:\n%q", raw, request)
	}
	if got := resp.Header.Get("Content-Type") + "; " + resp.Header.Get("Content-Disposition"); got != `application/octet-stream; attachment; filename="`+id+`.http"` {
		t.Errorf("raw is offered as %s", got)
	}
}

// A missing body is "", never null.
func TestAnEmptyBodyIsNotNull(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	r.write(t, "GET /inbox HTTP/1.1\r\nHost: x\r\n\r\n")
	c := r.call(t, 200, "GET", "/captures", "")["items"].([]any)[0].(map[string]any)
	if c["body"] != "" {
		t.Errorf("body %v, want an empty string", c["body"])
	}
}

func TestDeliveryJSON(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{Seed: 1})
	e := r.call(t, 201, "POST", "/providers/neostore/endpoints", `{"url": "`+r.CaptureURL()+`/inbox", "events": ["Pass:*"], "secret": "s3cret"}`)
	if secrets := fmt.Sprint(e["secrets"]); secrets != "[s3cret]" {
		t.Errorf("endpoint %v: want its secret", e)
	}
	made := r.call(t, 200, "POST", "/providers/neostore/events", `{"event": "Pass:Created", "seed": 5, "set": {"/passId": "p-1"}}`)
	id := made["items"].([]any)[0].(map[string]any)["id"].(string)
	r.call(t, 200, "POST", "/clock/settle", "")
	d := r.call(t, 200, "GET", "/deliveries/"+id, "")
	if d["state"] != "delivered" || d["endpoint"] != e["id"] {
		t.Errorf("delivery %v", d)
	}
	if event := d["event"].(map[string]any); event["name"] != "Pass:Created" || event["id"] == "" {
		t.Errorf("event %v", event)
	}
	attempt := d["attempts"].([]any)[0].(map[string]any)
	for _, member := range []string{"n", "due", "at", "took_ms", "outcome", "status", "fault", "sent"} {
		if _, ok := attempt[member]; !ok {
			t.Errorf("the attempt has no %s: %v", member, attempt)
		}
	}
	if attempt["outcome"] != "status" || attempt["status"] != json.Number("200") || attempt["n"] != json.Number("1") {
		t.Errorf("attempt %v", attempt)
	}
	// The captured bytes are the sent bytes.
	sent := attempt["sent"].(map[string]any)
	c := r.call(t, 200, "GET", "/bins/inbox/captures", "")["items"].([]any)[0].(map[string]any)
	for _, member := range []string{"method", "target", "version", "headers", "body"} {
		if shape(t, sent[member]) != shape(t, c[member]) {
			t.Errorf("%s: sent %v, captured %v", member, sent[member], c[member])
		}
	}
	again := r.call(t, 201, "POST", "/deliveries/"+id+"/redeliver", "")
	if again["id"] == id {
		t.Error("redelivered under the same id")
	}
	list := r.call(t, 200, "GET", "/deliveries?provider=neostore&limit=1", "")
	if items := list["items"].([]any); len(items) != 1 || items[0].(map[string]any)["id"] != again["id"] || list["next"] != items[0].(map[string]any)["seq"] {
		t.Errorf("list %v: want the newest, and its seq as next", list)
	}
}

func TestLists(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	for _, path := range []string{"/bins", "/captures", "/bins/none/captures", "/deliveries", "/endpoints", "/providers/neostore/endpoints"} {
		if got := shape(t, r.call(t, 200, "GET", path, "")); got != "{\n \"items\": [],\n \"next\": null\n}\n" {
			t.Errorf("%s: %s", path, got)
		}
	}
	for range 3 {
		r.write(t, "POST /inbox HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
	}
	var seen []string
	for before := "0"; ; {
		page := r.call(t, 200, "GET", "/bins/inbox/captures?limit=2&before="+before, "")
		for _, c := range page["items"].([]any) {
			seen = append(seen, fmt.Sprint(c.(map[string]any)["seq"]))
		}
		if page["next"] == nil {
			break
		}
		before = fmt.Sprint(page["next"])
	}
	if got := strings.Join(seen, " "); got != "3 2 1" {
		t.Errorf("page by page: %s, want 3 2 1", got)
	}
	for path, want := range map[string]string{
		"/captures?limit=1001":    "query.limit",
		"/captures?limit=0":       "query.limit",
		"/captures?limit=x":       "query.limit",
		"/captures?lmit=1":        "query.lmit",
		"/captures?order=random":  "query.order",
		"/deliveries?state=done":  "query.state",
		"/bins/a/wait?timeout=x":  "query.timeout",
		"/captures?limit=9999":    "9999: want number <= 1000",
		"/captures?wher=.a":       `did you mean \"where\"?`,
		"/bins?limit=1":           "this path has no parameters",
		"/captures?where=.a%20==": "",
		"/captures?q=metod:x":     "",
	} {
		p := r.call(t, 422, "GET", path, "")
		if !strings.Contains(shape(t, p["errors"]), want) {
			t.Errorf("%s: %v, want %s named", path, p, want)
		}
	}
}

func TestCatalogue(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	var names []string
	for _, p := range r.call(t, 200, "GET", "/providers", "")["items"].([]any) {
		p := p.(map[string]any)
		name := p["name"].(string)
		names = append(names, name)
		events := r.call(t, 200, "GET", "/providers/"+name+"/events", "")["items"].([]any)
		if fmt.Sprint(len(events)) != fmt.Sprint(p["events"]) {
			t.Errorf("%s: %v events, the list has %d", name, p["events"], len(events))
		}
		e := events[0].(map[string]any)
		if e["provider"] != name || e["name"] == "" || e["documented"] == nil || e["schema"] == nil {
			t.Errorf("%s: event %v", name, e)
		}
	}
	if !slices.Equal(names, []string{"ethpass", "github", "neostore", "stripe", "subscribfy"}) {
		t.Errorf("providers %v", names)
	}
	p := r.call(t, 404, "GET", "/providers/neostor", "")
	if p["type"] != "urn:hookrig:error:unknown-provider" || p["status"] != json.Number("404") || !strings.Contains(p["detail"].(string), "neostore") {
		t.Errorf("problem %v: want its type, its status and the nearest name", p)
	}
}

// A secret is shown at registration, and later only if its provider always shows it.
func TestSecretsAreShown(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	for _, item := range r.call(t, 200, "GET", "/providers", "")["items"].([]any) {
		p := item.(map[string]any)
		name, shown := p["name"].(string), p["secret"] == "always"
		e := r.call(t, 201, "POST", "/providers/"+name+"/endpoints", `{"url": "http://127.0.0.1:9/hooks", "secret": "s3cret"}`)
		if fmt.Sprint(e["secrets"]) != "[s3cret]" || e["secret"] != "s3cret" {
			t.Errorf("%s: registered %v, want the secret", name, e)
		}
		one := r.call(t, 200, "GET", fmt.Sprintf("/providers/%s/endpoints/%s", name, e["id"]), "")
		all := r.call(t, 200, "GET", "/providers/"+name+"/endpoints", "")["items"].([]any)[0].(map[string]any)
		for _, later := range []map[string]any{one, all} {
			_, one := later["secret"]
			if _, all := later["secrets"]; one != shown || all != shown {
				t.Errorf("%s: later %v; its secret is shown always: %t", name, later, shown)
			}
		}
	}
}

func TestResponses(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	r.call(t, 200, "PUT", "/bins/inbox", `{"provider": "neostore", "secrets": ["a"]}`)
	r.call(t, 200, "PUT", "/bins/inbox/responses", `{"sequence": [{"status": 503, "delay": "1ms"}, {"status": 201, "body": "done"}]}`)
	got := shape(t, r.call(t, 200, "GET", "/bins/inbox", ""))
	if !strings.Contains(got, `"neostore"`) || !strings.Contains(got, `"status": 503`) || !strings.Contains(got, `"delay": "1ms"`) {
		t.Errorf("settings %s: want the provider and the responses", got)
	}
	for _, want := range []int{503, 201, 201} {
		resp, err := r.http.Post(r.CaptureURL()+"/inbox", "text/plain", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("answered %d, want %d", resp.StatusCode, want)
		}
	}
	for body, want := range map[string]string{
		`[{"status": 503}, {"status": 200}]`:                                                                            `{"sequence":[{"status":503},{"status":200}]}`,
		`{"responses": [{"status": 503}]}`:                                                                              `{"sequence":[{"status":503}]}`,
		`{"sequence": [{"hang": true}], "by": "delivery"}`:                                                              `{"by":"delivery","sequence":[{"hang":true}]}`,
		`{"status": 503, "body": "down"}`:                                                                               `{"sequence":[{"body":"down","status":503}]}`,
		`[{"body": {"a": [1, 2.50]}}]`:                                                                                  `{"sequence":[{"body":"{\"a\":[1,2.50]}","headers":{"Content-Type":"application/json"}}]}`,
		`[{"body": 7, "headers": {"content-type": "x/y"}}]`:                                                             `{"sequence":[{"body":"7","headers":{"content-type":"x/y"}}]}`,
		`{"rules": [{"where": ".method == 1", "response": {"body": []}}]}`:                                              `{"rules":[{"response":{"body":"[]","headers":{"Content-Type":"application/json"}},"where":".method == 1"}]}`,
		`[{"lines": [["a", "1"], ["A", "2"]], "body": "x", "drip": "1s"}, {"cut": "head"}]`:                             `{"sequence":[{"body":"x","drip":"1s","lines":[["a","1"],["A","2"]]},{"cut":"head"}]}`,
		`[{"body": {}, "lines": [["content-TYPE", "x/y"]]}]`:                                                            `{"sequence":[{"body":"{}","lines":[["content-TYPE","x/y"]]}]}`,
		`{"rules": [{"where": ".body.a", "responses": [{"status": 503}, {}], "by": "delivery"}, {"where": ".body.b"}]}`: `{"rules":[{"by":"delivery","sequence":[{"status":503},{}],"where":".body.a"},{"where":".body.b"}]}`,
		`{"deliveries": [[{"status": 503}, {}], [{"hang": true}]]}`:                                                     `{"deliveries":[[{"status":503},{}],[{"hang":true}]]}`,
		`[{"body_base64": "AAEC/w=="}]`:                                                                                 `{"sequence":[{"body_base64":"AAEC/w=="}]}`,
		`[]`:                                                                                                            `{}`,
	} {
		r.call(t, 200, "POST", "/bins/inbox/responses", body)
		if got, _ := json.Marshal(r.call(t, 200, "GET", "/bins/inbox/responses", "")); string(got) != want {
			t.Errorf("%s: kept as %s, want %s", body, got, want)
		}
	}
	for body, want := range map[string]string{
		`{"sequence": [{}], "responses": [{}]}`:                         "sequence and responses mean the same",
		`{"status": 503, "sequence": []}`:                               `unknown member \"sequence\"`,
		`{"rules": [{"where": ".", "response": {}, "sequence": [{}]}]}`: "give one of them",
		`{"rules": [{"where": ".", "response": {"bodyy": 1}}]}`:         `did you mean \"body\"?`,
		`[{"lines": [["a"]]}]`:                                          "want a pair [name, value]",
		`[{"cut": "tail"}]`:                                             `cut \"tail\": want \"head\" or \"body\"`,
		`[{"body_base64": "?"}]`:                                        `\"?\": want base64`,
		`[{"body_base64": "AA==", "body": "x"}]`:                        "body and body_base64: want one of them",
		`[{"staus": 503}]`:                                              `did you mean \"status\"?`,
		`[{"delay": 5}]`:                                                `want a text such as \"250ms\"`,
		`"503"`:                                                         "want an object",
	} {
		if got := shape(t, r.call(t, 422, "PUT", "/bins/inbox/responses", body)); !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %q in it", body, got, want)
		}
	}
	r.call(t, 200, "DELETE", "/bins/inbox/responses", "")
	p := r.call(t, 422, "PUT", "/bins/inbox/responses", `{"sequenc": []}`)
	if got := fmt.Sprint(p["errors"]); !strings.Contains(got, `did you mean "sequence"?`) {
		t.Errorf("problem %v: want a hint", p)
	}
	if got := r.call(t, 200, "DELETE", "/bins/inbox", ""); got["deleted"] != json.Number("3") {
		t.Errorf("deleted %v, want 3", got)
	}
}

// A change of a bin's responses keeps the bin's other settings.
func TestResponsesKeepTheOtherSettings(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	const rest = `{"provider":"neostore","secrets":["a"],"url":"https://shop.example/hooks"}`
	r.call(t, 200, "PUT", "/bins/inbox", `{"provider": "neostore", "secret": "a", "url": "https://shop.example/hooks", "responses": [{"status": 500}]}`)
	for _, c := range []struct{ method, body string }{{"PUT", `[{"status": 503}]`}, {"POST", `{"sequence": [{"status": 202}]}`}, {"DELETE", ""}} {
		r.call(t, 200, c.method, "/bins/inbox/responses", c.body)
		set := r.call(t, 200, "GET", "/bins/inbox", "")
		if _, responses := set["responses"]; responses == (c.method == "DELETE") {
			t.Errorf("%s: settings %v", c.method, set)
		}
		delete(set, "responses")
		if got, _ := json.Marshal(set); string(got) != rest {
			t.Errorf("%s: the other settings are %s, want %s", c.method, got, rest)
		}
	}
}

func TestWait(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	r.write(t, "POST /inbox?a=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
	for _, c := range []struct {
		status             int
		method, path, body string
		matched            int
	}{
		{200, "GET", "/bins/inbox/wait?timeout=5s", "", 1},
		{200, "POST", "/bins/inbox/wait", `{"where": ".query == \"a=1\""}`, 1},
		{200, "POST", "/bins/inbox/wait?count=1&timeout=5", "", 1},
		{200, "POST", "/bins/inbox/wait?count=7", `{"count": 1, "timeout": 5}`, 1},
		{408, "GET", "/bins/inbox/wait?count=2&timeout=0.01", "", 1},
		{408, "GET", "/bins/inbox/wait?count=2&timeout=10ms", "", 1},
		{200, "GET", "/bins/other/wait?count=0&settle=0.01", "", 0},
		{408, "POST", "/bins/inbox/wait", `{"where": ".method == \"PUT\"", "timeout": "10ms"}`, 0},
		{408, "GET", "/bins/inbox/wait?max=0&settle=10ms&timeout=10ms", "", 1},
		{200, "GET", "/bins/other/wait?max=0&settle=10ms", "", 0},
	} {
		got := r.call(t, c.status, c.method, c.path, c.body)
		matched, ok := got["matched"].([]any)
		if !ok || len(matched) != c.matched {
			t.Errorf("%s %s %s: matched %v, want %d", c.method, c.path, c.body, got["matched"], c.matched)
		}
		if _, ok := got["nearest"].([]any); !ok {
			t.Errorf("%s %s %s: nearest %v, want a list", c.method, c.path, c.body, got["nearest"])
		}
	}
	missed := r.call(t, 408, "POST", "/bins/inbox/wait", `{"where": ".method == \"PUT\"", "timeout": "10ms"}`)
	nearest := missed["nearest"].([]any)[0].(map[string]any)
	if nearest["capture"].(map[string]any)["method"] != "POST" || len(nearest["differences"].([]any)) == 0 {
		t.Errorf("nearest %v, want the capture and its differences", nearest)
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	r.call(t, 201, "POST", "/providers/neostore/endpoints", `{"url": "`+r.CaptureURL()+`/inbox", "secret": "right"}`)
	r.call(t, 200, "POST", "/providers/neostore/events", `{"event": "Pass:Created"}`)
	c := r.call(t, 200, "GET", "/bins/inbox/wait", "")["matched"].([]any)[0].(map[string]any)
	path := "/captures/" + c["id"].(string) + "/verify"
	for body, want := range map[string]string{
		`{"provider": "neostore", "secret": "right"}`:             "valid",
		`{"provider": "neostore", "secrets": ["wrong", "right"]}`: "valid",
		`{"provider": "neostore", "secret": "wrong"}`:             "mismatch",
	} {
		got := r.call(t, 200, "POST", path, body)
		if got["verdict"] != want || got["provider"] != "neostore" {
			t.Errorf("%s: %v, want %s", body, got, want)
		}
		if want != "valid" && got["explanation"] == nil {
			t.Errorf("%s: %v: no explanation", body, got)
		}
	}
	r.call(t, 404, "POST", path, `{"provider": "neostor", "secret": "x"}`)
	if got := r.call(t, 200, "POST", path, ""); got["verdict"] != "valid" || got["provider"] != "neostore" {
		t.Errorf("without being told: %v, want it recognised, and tried with the endpoint's secret", got)
	}
	r.call(t, 200, "PUT", "/bins/inbox", `{"provider": "neostore", "secret": "right"}`)
	if got := r.call(t, 200, "POST", path, ""); got["verdict"] != "valid" {
		t.Errorf("with the bin's own: %v, want valid", got)
	}
	r.call(t, 404, "POST", "/captures/c404/verify", `{"provider": "neostore", "secret": "x"}`)
}

func TestResend(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	r.write(t, "PUT /inbox?a HTTP/1.1\r\nhost: x\r\nX-Odd-Case: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n")
	id := r.call(t, 200, "GET", "/captures", "")["items"].([]any)[0].(map[string]any)["id"].(string)
	got := r.call(t, 200, "POST", "/captures/"+id+"/resend", `{"url": "`+r.CaptureURL()+`/other/path?b=1"}`)
	if got["outcome"] != "status" || got["status"] != json.Number("200") {
		t.Errorf("resent: %v", got)
	}
	c := r.call(t, 200, "GET", "/bins/other/captures", "")["items"].([]any)[0].(map[string]any)
	want := `["PUT","/other/path?b=1","HTTP/1.1",[["host","` + strings.TrimPrefix(r.CaptureURL(), "http://") +
		`"],["X-Odd-Case","1"],["Transfer-Encoding","chunked"]],"aGk="]`
	raw, _ := json.Marshal([]any{c["method"], c["target"], c["version"], c["headers"], c["body"]})
	if string(raw) != want {
		t.Errorf("resent as %s\nwant %s", raw, want)
	}

	p := r.call(t, 403, "POST", "/captures/"+id+"/resend", `{"url": "http://192.0.2.1/"}`)
	if p["type"] != "urn:hookrig:error:forbidden-target" {
		t.Errorf("problem %v: want forbidden-target", p)
	}
	r.call(t, 422, "POST", "/captures/"+id+"/resend", `{"url": "/hooks"}`)
	r.call(t, 404, "POST", "/captures/c404/resend", `{"url": "http://127.0.0.1:9/"}`)
}

func TestEmit(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	r.call(t, 201, "POST", "/providers/neostore/endpoints", `{"url": "`+r.CaptureURL()+`/inbox", "events": ["Pass:*"]}`)
	for body, want := range map[string]int{
		`{"event": "Pass:Created", "faults": ["signature:missing"]}`:          1,
		`{"event": "Pass:Created", "faults": [{"kind": "drop"}]}`:             1,
		`[{"event": "Pass:Created"}, {"event": "Pass:Updated"}]`:              2,
		`{"event": "Pass:Created", "body": "e30=", "id": "evt-1", "seed": 7}`: 1,
		`{"event": "Pass:Created", "tenant": "nobody-subscribed-here"}`:       0,
	} {
		got := r.call(t, 200, "POST", "/providers/neostore/events", body)
		if items := got["items"].([]any); len(items) != want {
			t.Errorf("%s: %d deliveries, want %d", body, len(items), want)
		}
	}
	for body, want := range map[string]string{
		`{"event": "Pass:Creatd"}`:                     "Pass:Created",
		`{"event": "Pass:Created", "faults": ["drp"]}`: "drop",
		`{"event": "Pass:Created", "faultz": []}`:      `did you mean \"faults\"?`,
		`{}`: "",
		`[]`: "no event to emit",
	} {
		p := r.call(t, 422, "POST", "/providers/neostore/events", body)
		if raw := shape(t, p); !strings.Contains(raw, want) {
			t.Errorf("%s: %s\nwant %q in it", body, raw, want)
		}
	}
	if p := r.call(t, 422, "POST", "/providers/neostore/events", ""); !strings.Contains(fmt.Sprint(p["detail"]), "the body is empty") {
		t.Errorf("problem %v: want it to say what is missing", p)
	}
	r.call(t, 404, "POST", "/providers/neostor/events", `{"event": "Pass:Created"}`)
}

func TestClock(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	before := r.call(t, 200, "GET", "/clock", "")
	after := r.call(t, 200, "POST", "/clock/advance", `{"by": "2h"}`)
	if before["virtual"] != true || before["now"] == after["now"] {
		t.Errorf("clock %v, then %v", before, after)
	}
	r.call(t, 200, "POST", "/clock", `{"by": "1s"}`)
	r.call(t, 200, "POST", "/clock?advance=58m", "")
	last := r.call(t, 200, "POST", "/clock", `{"advance": 119}`) // seconds
	if last["now"] != "2026-01-15T12:00:00Z" {
		t.Errorf("clock %v, want 3h after it began", last)
	}
	for _, body := range []string{`{}`, `{"advance": "x"}`, `{"advance": true}`, `{"advance": "-1s"}`} {
		r.call(t, 422, "POST", "/clock", body)
	}
	real := start(t, mockserver.Options{RealClock: true})
	if p := real.call(t, 409, "POST", "/clock/advance", `{"by": "2h"}`); p["type"] != "urn:hookrig:error:real-clock" {
		t.Errorf("problem %v", p)
	}
}
