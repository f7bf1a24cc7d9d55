package dashboard_test

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/mockserver"
)

// delicate is a body that every step must keep unchanged.
const delicate = `{"n":12345678901234567890,"s":"a\/b"}`

// file uploads or downloads a file and returns the response.
func (r *server) file(t *testing.T, status int, method, path, mediaType, body string) (string, *http.Response) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, r.DashboardURL()+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if mediaType != "" {
		req.Header.Set("Content-Type", mediaType)
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
	return string(raw), resp
}

// request is a raw request to a bin, with unusual header lines.
func request(bin, body string) string {
	return fmt.Sprintf("POST /%s//a?x=%%2F HTTP/1.1\r\nhOST: h\r\nX-Two: 1\r\nx-two: 2\r\nAuthorization: Basic aHVzaA==\r\nContent-Length: %d\r\n\r\n%s", bin, len(body), body)
}

// raws returns the bytes of a bin's captures, oldest first.
func (r *server) raws(t *testing.T, bin string) []string {
	t.Helper()
	var list []string
	for _, c := range r.call(t, 200, "GET", "/bins/"+bin+"/captures?order=oldest", "")["items"].([]any) {
		raw, _ := r.file(t, 200, "GET", "/captures/"+c.(map[string]any)["id"].(string)+"/raw", "", "")
		list = append(list, raw)
	}
	return list
}

// Export, import and export again keep every byte and time; only the numbers are new.
func TestExportAndImport(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	want := []string{request("inbox", delicate), request("inbox", "\x00\xff"), request("inbox", "")}
	for _, raw := range want {
		r.write(t, raw)
	}
	r.write(t, request("other", "x"))
	for format, mediaType := range map[string]string{"har": "application/json", "jsonl": "application/x-ndjson"} {
		file, resp := r.file(t, 200, "GET", "/bins/inbox/export?format="+format+"&secrets=keep", "", "")
		if got := resp.Header.Get("Content-Type"); got != mediaType {
			t.Errorf("%s: content type %q, want %q", format, got, mediaType)
		}
		if _, about, err := mime.ParseMediaType(resp.Header.Get("Content-Disposition")); err != nil || about["filename"] != "inbox."+format {
			t.Errorf("%s: offered as %v, %v", format, about, err)
		}
		answer, _ := r.file(t, 200, "POST", "/bins/"+format+"-again/import", mediaType, file)
		if want := `{"imported":3,"skipped":[],"unlisted":0}`; strings.TrimSpace(answer) != want {
			t.Errorf("%s: %s, want %s", format, answer, want)
		}
		if got := r.raws(t, format+"-again"); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
			t.Errorf("%s: imported\n%q\nwant\n%q", format, got, want)
		}
		first := r.call(t, 200, "GET", "/bins/inbox/captures?order=oldest", "")["items"].([]any)[0].(map[string]any)
		again := r.call(t, 200, "GET", "/bins/"+format+"-again/captures?order=oldest", "")["items"].([]any)[0].(map[string]any)
		if first["at"] != again["at"] || first["peer"] != again["peer"] || first["seq"] == again["seq"] || again["bin"] != format+"-again" {
			t.Errorf("%s: imported %v of %v", format, again, first)
		}
		if other, _ := r.file(t, 200, "GET", "/bins/"+format+"-again/export?format=curl&secrets=keep", "", ""); !strings.Contains(other, `12345678901234567890,"s":"a\/b"}`) {
			t.Error(other)
		}
	}
	for _, c := range []struct {
		query string
		count int
	}{{"", 3}, {"&q=12345678901234567890", 1}, {"&where=.body==\"\"", 1}, {"&after=1&before=3", 1}, {"&before=1", 0}} {
		file, _ := r.file(t, 200, "GET", "/bins/inbox/export?format=jsonl"+c.query, "", "")
		if got := strings.Count(file, "\n"); got != c.count {
			t.Errorf("%s: %d captures, want %d:\n%s", c.query, got, c.count, file)
		}
		if strings.Contains(file, "aHVzaA") || c.count > 0 && !strings.Contains(file, "Basic REDACTED") {
			t.Errorf("%s shows a secret:\n%s", c.query, file)
		}
	}
	raw, _ := r.file(t, 200, "GET", "/captures/c00000001/export?format=raw&secrets=keep", "", "")
	if raw != want[0] {
		t.Errorf("raw: %q", raw)
	}
}

func TestExportErrors(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	r.write(t, request("inbox", delicate))
	r.write(t, request("inbox", delicate))
	for path, want := range map[string]string{
		"/bins/inbox/export":                            "query.format",
		"/bins/inbox/export?format=pdf":                 "query.format",
		"/bins/inbox/export?format=raw":                 "can contain only one capture",
		"/bins/inbox/export?format=scenario":            "hookrig replay",
		"/bins/inbox/export?format=har&where=(":         "invalid condition",
		"/bins/in+box/export?format=har":                "in+box",
		"/captures/c00000001/export?format=har&limit=1": "unknown parameter",
	} {
		if p, _ := r.file(t, 422, "GET", path, "", ""); !strings.Contains(p, want) {
			t.Errorf("%s: %s, want %q", path, p, want)
		}
	}
	r.call(t, 404, "GET", "/captures/c404/export?format=har", "")
}

func TestImportErrors(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	good := `{"method":"POST","target":"/a","version":"HTTP/1.1","headers":[],"body":""}`
	answer, _ := r.file(t, 200, "POST", "/bins/in/import", "application/x-ndjson; charset=utf-8", good+"\n{\n\n"+strings.Repeat("7\n", 120)+good)
	var got struct {
		Imported int
		Unlisted int
		Skipped  []struct {
			Line int
			Why  string
		}
	}
	if err := json.Unmarshal([]byte(answer), &got); err != nil || got.Imported != 2 || len(got.Skipped) != 100 || got.Unlisted != 21 || got.Skipped[0].Line != 2 || got.Skipped[1].Line != 4 {
		t.Errorf("%v: %.300s", err, answer)
	}
	p, _ := r.file(t, 422, "POST", "/bins/in/import", "application/json", "\n\n7")
	if !strings.Contains(p, "line 3") || !strings.Contains(p, `want HAR`) {
		t.Error(p)
	}
	r.file(t, 422, "POST", "/bins/in+x/import", "application/json", "{}")
	r.file(t, 422, "POST", "/bins/in/import", "application/json", "")
	for _, mediaType := range []string{"text/plain", "application/x-www-form-urlencoded", ""} {
		r.file(t, 415, "POST", "/bins/in/import", mediaType, good)
	}
	r.file(t, 415, "POST", "/clock/advance", "application/x-ndjson", `{"by": "2h"}`)
	r.file(t, 415, "PUT", "/bins/import", "application/x-ndjson", `{}`)
}

// Imported captures are verified as of the time of their arrival.
func TestImportChecks(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	r.call(t, 201, "POST", "/providers/neostore/endpoints", `{"url": "`+r.CaptureURL()+`/inbox", "secret": "right"}`)
	r.call(t, 200, "POST", "/providers/neostore/events", `{"event": "Pass:Created"}`)
	r.call(t, 200, "GET", "/bins/inbox/wait", "")
	file, _ := r.file(t, 200, "GET", "/bins/inbox/export?format=jsonl", "", "")
	for secret, want := range map[string]string{"right": "valid", "wrong": "mismatch"} {
		r.call(t, 200, "PUT", "/bins/"+secret, `{"provider": "neostore", "secret": "`+secret+`"}`)
		r.file(t, 200, "POST", "/bins/"+secret+"/import", "application/x-ndjson", file)
		c := r.call(t, 200, "GET", "/bins/"+secret+"/captures", "")["items"].([]any)[0].(map[string]any)
		if v := c["verification"].(map[string]any); v["verdict"] != want {
			t.Errorf("with secret %s: %v, want %s", secret, v, want)
		}
	}
	scenario, _ := r.file(t, 200, "GET", "/bins/right/export?format=scenario", "", "")
	if !strings.Contains(scenario, "event: \"Pass:Created\"") {
		t.Error(scenario)
	}
}

// A resend signs again and changes the given members; everything else stays as it was.
func TestResendChanged(t *testing.T) {
	t.Parallel()
	r := start(t, mockserver.Options{})
	r.call(t, 200, "PUT", "/bins/out", `{"provider": "neostore", "secret": "now"}`)
	r.write(t, "POST /in HTTP/1.1\r\nhost: h\r\nX-Neostore-Signature: stale\r\nX-A: 1\r\nContent-Length: 37\r\n\r\n"+delicate)
	resend := func(status int, body string) map[string]any {
		t.Helper()
		return r.call(t, status, "POST", "/captures/c00000001/resend", `{"url": "`+r.CaptureURL()+`/out", `+body+`}`)
	}
	newest := func() map[string]any {
		t.Helper()
		return r.call(t, 200, "GET", "/bins/out/captures?limit=1", "")["items"].([]any)[0].(map[string]any)
	}
	got := resend(200, `"resign": {"provider": "neostore", "secret": "now"}`)
	c := newest()
	if c["verification"].(map[string]any)["verdict"] != "valid" || c["body"] != got["sent"].(map[string]any)["body"] {
		t.Errorf("signed anew: %v", c)
	}
	d := r.call(t, 200, "GET", "/captures/c00000001/diff/"+c["id"].(string), "")
	var where []string
	for _, one := range d["differences"].([]any) {
		where = append(where, one.(map[string]any)["where"].(string))
	}
	if fmt.Sprint(where) != "[target header host header x-neostore-signature]" || fmt.Sprint(d["differences"]) != fmt.Sprint(got["changed"]) || d["same_bytes"] != false {
		t.Errorf("differences %v, changed %v", d, got["changed"])
	}

	got = resend(200, `"method": "PUT", "set": {"/s": "x", "/more": 1.0}, "headers": [["x-a", null], ["X-B", "2"]], "resign": {"provider": "neostore", "secret": "now"}`)
	raw, _ := r.file(t, 200, "GET", "/captures/"+newest()["id"].(string)+"/raw", "", "")
	head, body, _ := strings.Cut(raw, "\r\n\r\n")
	if body != `{"n":12345678901234567890,"s":"x","more":1.0}` || !strings.HasPrefix(head, "PUT /out HTTP/1.1\r\nhost: ") ||
		!strings.HasSuffix(head, "Content-Length: 45\r\nX-B: 2") || strings.Contains(head, "X-A") {
		t.Errorf("changed: %s", raw)
	}
	if newest()["verification"].(map[string]any)["verdict"] != "valid" || len(got["changed"].([]any)) != 9 {
		t.Errorf("changed: %v", got["changed"])
	}
	resend(200, `"set": [{"pointer": "/n", "value": 2}], "body": "e30="`)
	if got := newest()["body"]; got != "eyJuIjoyfQ==" {
		t.Errorf("another body: %v", got)
	}
	for body, want := range map[string]string{
		`"set": {"/a/b": 1}`:                 `there is no \"a\"`,
		`"headers": [["a"]]`:                 "want a pair",
		`"method": "A B"`:                    "want a word",
		`"resign": {}`:                       "no secret",
		`"resign": {"provider": "neostore"}`: "no secret",
		`"resine": {}`:                       `did you mean \"resign\"`,
	} {
		if p, _ := json.Marshal(resend(422, body)); !strings.Contains(string(p), want) {
			t.Errorf("%s: %s, want %q", body, p, want)
		}
	}
	resend(404, `"resign": {"provider": "neostor", "secret": "x"}`)
	r.call(t, 404, "GET", "/captures/c00000001/diff/c404", "")
	if d := r.call(t, 200, "GET", "/captures/c00000001/diff/c00000001", ""); d["same_bytes"] != true || len(d["differences"].([]any)) != 0 {
		t.Errorf("with itself: %v", d)
	}
}
