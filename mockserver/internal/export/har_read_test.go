package export_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/export"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// archive is a HAR of one entry.
func archive(entry string) string { return `{"log":{"entries":[` + entry + `]}}` }

// one is the only record of a file.
func one(t *testing.T, format, file string) export.Record {
	t.Helper()
	records := read(t, format, file)
	if len(records) != 1 {
		t.Fatalf("%s\n%d records, want 1: %s", file, len(records), describe(records))
	}
	return records[0]
}

// TestHARTimes reads the time formats of other programs. A time without a zone is UTC, with a note.
func TestHARTimes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2026-01-15T09:00:00.123Z":          "09:00:00.123",
		"2026-01-15T09:00:00.123456789Z":    "09:00:00.123456789",
		"2026-01-15T09:00:00+01:00":         "08:00:00",
		"2026-01-15T09:00:00.5+0100":        "08:00:00.5",
		"2026-01-15T09:00:00-01":            "10:00:00",
		"2026-01-15T09:00:00,25+05:30":      "03:30:00.25",
		"2026-01-15 09:00:00 +0100":         "08:00:00",
		"2026-01-15t09:00:00z":              "09:00:00",
		"2026-01-15T09:00Z":                 "09:00:00",
		"20260115T090000.5+0100":            "08:00:00.5",
		"2026-01-15T09:00:00.5":             "09:00:00.5 no zone",
		"2026-01-15 09:00:00":               "09:00:00 no zone",
		"2026-01-15":                        "00:00:00 no zone",
		"":                                  "none",
		"NaN-NaN-NaNTNaN:NaN:NaN.NaN+NaN:N": "wrong",
		"yesterday":                         "wrong",
		"2026-13-15T09:00:00Z":              "wrong",
	} {
		r := one(t, "har", archive(fmt.Sprintf(`{"startedDateTime":%q,"request":{"method":"GET","url":"http://h/"}}`, text)))
		got := r.Capture.At.UTC().Format("15:04:05.999999999")
		switch {
		case r.Err != nil && strings.Contains(r.Err.Error(), "startedDateTime \""+text):
			got = "wrong"
		case r.Err != nil:
			got = r.Err.Error()
		case r.Capture.At.IsZero():
			got = "none"
		case len(r.Notes) == 1 && strings.Contains(r.Notes[0], "has no zone: UTC is assumed"):
			got += " no zone"
		}
		if got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
	if r := one(t, "har", archive(`{"request":{"method":"GET","url":"http://h/"}}`)); r.Err != nil || !r.Capture.At.IsZero() || len(r.Notes) > 0 {
		t.Errorf("no time at all: %+v", r)
	}
}

// TestHARDialects reads the archives of other programs. Each entry is the request that was sent, or
// an error.
func TestHARDialects(t *testing.T) {
	t.Parallel()
	const ours = "POST /a?b=1 HTTP/1.1\nHost: h\n"
	for name, c := range map[string]struct {
		request string // its members except method and url, or a whole request after {
		want    string // with LF as line ends; or the error after "!"
		note    string // part of the notes; "" means none
	}{
		"nothing else":             {`"headers":[]`, ours + "\n", ""},
		"null everywhere":          {`"headers":null,"postData":null,"httpVersion":null,"queryString":null,"bodySize":null`, ours + "\n", ""},
		"other types elsewhere":    {`"headers":[],"bodySize":"12","headersSize":{},"cookies":7`, ours + "\n", ""},
		"HTTP/2":                   {`"httpVersion":"http/2.0","headers":[{"name":":authority","value":"h"},{"name":"A","value":"1"}]`, "POST /a?b=1 HTTP/2.0\nHost: h\nA: 1\n\n", ""},
		"h3":                       {`"httpVersion":"h3-29","headers":[]`, "POST /a?b=1 HTTP/3.0\nHost: h\n\n", ""},
		"spdy":                     {`"httpVersion":"spdy/3.1","headers":[]`, "POST /a?b=1 HTTP/2.0\nHost: h\n\n", ""},
		"unknown version":          {`"httpVersion":"unknown (1)","headers":[]`, ours + "\n", ""},
		"base64":                   {`"headers":[],"postData":{"mimeType":"x","text":"//8K","encoding":"base64"}`, ours + "\n\xff\xff\n", ""},
		"base64 without padding":   {`"headers":[],"postData":{"text":"_\n_8","encoding":"Base64"}`, ours + "\n\xff\xff", ""},
		"decoded gzip":             {`"headers":[{"name":"content-encoding","value":"gzip"},{"name":"Content-Length","value":"9"}],"postData":{"text":"hello, world"}`, ours + "Content-Length: 12\n\nhello, world", "the archive has the decoded body: Content-Encoding gzip removed\nbody is not the recorded one: head says 9 bytes, 12 sent; Content-Length set to 12"},
		"decoded br":               {`"headers":[{"name":"Content-Encoding","value":"br"}],"postData":{"text":"{}"}`, ours + "\n{}", "Content-Encoding br removed"},
		"gzip in base64":           {`"headers":[{"name":"Content-Encoding","value":"gzip"}],"postData":{"text":"H4sIAAAAAAACA8vIBACsKpPYAgAAAA==","encoding":"base64"}`, ours + "Content-Encoding: gzip\n\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\xc8\x04\x00\xac\x2a\x93\xd8\x02\x00\x00\x00", ""},
		"mangled gzip":             {`"headers":[{"name":"Content-Encoding","value":"gzip"},{"name":"Content-Length","value":"2"}],"postData":{"text":"\u001f\ufffd\b"}`, ours + "Content-Encoding: gzip\nContent-Length: 5\n\n\x1f\ufffd\b", "the archive does not have the exact bytes of the body"},
		"two lengths":              {`"headers":[{"name":"Content-Length","value":"2"},{"name":"X","value":"1"},{"name":"content-length","value":"3"}],"postData":{"text":"hi"}`, ours + "Content-Length: 2\nX: 1\n\nhi", "head says 2 and 3 bytes"},
		"chunked":                  {`"headers":[{"name":"Transfer-Encoding","value":"chunked"}],"postData":{"text":"hi"}`, ours + "Transfer-Encoding: chunked\n\n2\nhi\n0\n\n", ""},
		"a body that is not there": {`"headers":[{"name":"Content-Length","value":"20"},{"name":"Connection","value":"close"}]`, ours + "Content-Length: 0\nConnection: close\n\n", "head says 20 bytes, 0 sent"},
		"a form":                   {`"headers":[{"name":"Content-Type","value":"Application/X-WWW-form-urlencoded"}],"postData":{"params":[{"name":"a b","value":"1&2"},{"name":"n","value":12345678901234567890},{"name":"c"}]}`, ours + "Content-Type: Application/X-WWW-form-urlencoded\n\na+b=1%262&n=12345678901234567890&c=", "encoded from postData.params"},
		"text before params":       {`"headers":[],"postData":{"mimeType":"multipart/form-data","text":"hi","params":[{"name":"a","value":{}}]}`, ours + "\nhi", ""},
		"parts": {
			`"headers":[{"name":"Content-Type","value":"multipart/form-data; boundary=\"b\""}],"postData":{"mimeType":"multipart/form-data","params":[{"name":"a\"b","value":"1"},{"name":"f","value":"x","fileName":"f.txt","contentType":"text/plain"}]}`,
			ours + "Content-Type: multipart/form-data; boundary=\"b\"\n\n--b\nContent-Disposition: form-data; name=\"a%22b\"\n\n1\n--b\nContent-Disposition: form-data; name=\"f\"; filename=\"f.txt\"\nContent-Type: text/plain\n\nx\n--b--\n", "the multipart body was encoded from postData.params",
		},
		"parts without a boundary": {
			`"headers":[],"postData":{"mimeType":"multipart/form-data","params":[{"name":"a","value":"hookrig-boundary"}]}`,
			ours + "Content-Type: multipart/form-data; boundary=hookrig-boundary-\n\n--hookrig-boundary-\nContent-Disposition: form-data; name=\"a\"\n\nhookrig-boundary\n--hookrig-boundary---\n", "the multipart body was encoded from postData.params",
		},
		"a file that is not there": {`"headers":[],"postData":{"mimeType":"multipart/form-data","params":[{"name":"a","fileName":"a.png"}]}`, `!the content of the file "a.png"`, ""},
		"params of JSON":           {`"headers":[],"postData":{"mimeType":"application/json","params":[{"name":"a","value":"b"}]}`, `!"application/json" cannot be encoded from params`, ""},
		"a value that is no text":  {`"headers":[],"postData":{"mimeType":"application/x-www-form-urlencoded","params":[{"name":"a","value":{"b":1}}]}`, `!the value of "a" is not text: {"b":1}`, ""},
		"a name that is no token":  {`"headers":[{"name":"Accept;charset=UTF-8","value":"x"}]`, `!header line "Accept;charset=UTF-8: x": its name is no token`, ""},
		"the request line":         {`"headers":[{"name":"POST /a?t","value":"1 HTTP/1.1"},{"name":"A","value":"1"}]`, ours + "A: 1\n\n", "the archive has the request line among the header lines: removed"},
		"a name with a space":      {`"headers":[{"name":"X Y","value":"x"}]`, `!its name is no token`, ""},
		"a name of Unicode":        {`"headers":[{"name":"Ключ","value":"x"}]`, `!its name is no token`, ""},
		"a line end in a value":    {`"headers":[{"name":"A","value":"x\r\nB: 2"}]`, `!its value holds a line end`, ""},
		"a method that is none":    {`{"method":"GET /","url":"http://h/"}`, `!method "GET /": want a word`, ""},
		"no method":                {`{"url":"http://h/"}`, `!method "": want a word`, ""},
		"no host":                  {`{"method":"GET","url":"/x"}`, `!url "/x": want an absolute URL`, ""},
		"no scheme":                {`{"method":"GET","url":"h.example:80/x"}`, `!want an absolute URL`, ""},
		"data":                     {`{"method":"GET","url":"data:image/png;base64,AAAA","httpVersion":"data"}`, `!not an HTTP request: url "data:image/png;base64,AAAA"`, ""},
		"blob":                     {`{"method":"GET","url":"BLOB:https://h/1-2"}`, `!not an HTTP request`, ""},
		"about":                    {`{"method":"GET","url":"about:blank"}`, `!not an HTTP request`, ""},
		"an extension":             {`{"method":"GET","url":"chrome-extension://abc/x.js"}`, `!not an HTTP request`, ""},
		"a web socket":             {`{"method":"GET","url":"wss://h/s","headers":[{"name":"Upgrade","value":"websocket"}]}`, "GET /s HTTP/1.1\nHost: h\nUpgrade: websocket\n\n", ""},
		"a fragment":               {`{"method":"GET","url":"HTTPS://h:1/a%2Fb//c?x=%zz#f"}`, "GET /a%2Fb//c?x=%zz HTTP/1.1\nHost: h:1\n\n", ""},
	} {
		request := c.request
		if !strings.HasPrefix(request, "{") {
			request = `{"method":"POST","url":"http://h/a?b=1",` + request + "}"
		}
		r := one(t, "har", archive(`{"request":`+request+`}`))
		got := strings.ReplaceAll(string(wire.Append(nil, r.Capture.Message)), "\r\n", "\n")
		switch want, wrong := strings.CutPrefix(c.want, "!"); {
		case wrong && (r.Err == nil || !strings.Contains(r.Err.Error(), want)):
			t.Errorf("%s: %v\n%q\nwant an error with %q", name, r.Err, got, want)
		case !wrong && (r.Err != nil || got != strings.ReplaceAll(want, "\r\n", "\n")):
			t.Errorf("%s: %v\n%q\nwant\n%q", name, r.Err, got, want)
		}
		if notes := strings.Join(r.Notes, "\n"); (c.note == "") != (notes == "") || !strings.Contains(notes, c.note) {
			t.Errorf("%s: notes %q, want %q", name, notes, c.note)
		}
	}
}

// TestHARResponses checks that the response of an entry is the response of the capture.
func TestHARResponses(t *testing.T) {
	t.Parallel()
	for response, want := range map[string]*journal.Response{
		`null`:         nil,
		`{}`:           nil,
		`{"status":0}`: nil,
		`{"status":503,"headers":[{"name":"A","value":"1"},{"name":"a","value":"2"},{"name":":status","value":"503"}],"content":{"text":"down"}}`: {
			Status: 503, Body: "down", Lines: signature.Headers{{Name: "A", Value: "1"}, {Name: "a", Value: "2"}},
		},
		`{"status":200,"headers":[{"name":"Set-Cookie","value":"a=1\nb=2"}],"content":{"text":"/w==","encoding":"base64"}}`: {
			Status: 200, Binary: []byte{0xff}, Lines: signature.Headers{{Name: "Set-Cookie", Value: "a=1"}, {Name: "Set-Cookie", Value: "b=2"}},
		},
		`{"status":200,"content":{"text":"MANUALLY REMOVED","encoding":"base64"}}`: nil,
		`{"status":"200"}`: nil,
	} {
		r := one(t, "har", archive(`{"request":{"method":"GET","url":"http://h/"},"response":`+response+`}`))
		if diff := cmp.Diff(want, r.Capture.Response); diff != "" || r.Err != nil {
			t.Errorf("%s: %v\n%s", response, r.Err, diff)
		}
		if noted := len(r.Notes) > 0; noted != (strings.Contains(response, "REMOVED") || strings.Contains(response, `"200"`)) {
			t.Errorf("%s: notes %q", response, r.Notes)
		}
	}
}

// TestDocuments reads captures of the API in every layout: a list, a list in an object, one on many
// lines, several of them.
func TestDocuments(t *testing.T) {
	t.Parallel()
	const capture = `{"id":"c1","method":"PUT","target":"/a","version":"HTTP/1.1","headers":[["A","1"]],"body":"aGk=","at":"2026-01-15T09:00:00Z"}`
	pretty := strings.NewReplacer(",\"", ",\n  \"", "{", "{\n  ", "}", "\n}").Replace(capture)
	for name, c := range map[string]struct {
		file string
		want []string
	}{
		"items":                 {`{"items":[` + capture + "," + capture + `],"next":0}`, []string{"1: PUT /a", "1: PUT /a"}},
		"items, pretty":         {"{\n  \"items\": [\n" + pretty + ",\n" + pretty + "\n], \"next\": 0}\n", []string{"3: PUT /a", "13: PUT /a"}},
		"schema before items":   {`{"$schema":"x","items":[` + capture + `]}`, []string{"1: PUT /a"}},
		"items, one of them no": {`{"items":[{},` + capture + `]}`, []string{"1: invalid: the method is missing", "1: PUT /a"}},
		"a list":                {"[" + capture + ",\n" + pretty + "]", []string{"1: PUT /a", "2: PUT /a"}},
		"an empty list":         {`{"items":[]}`, nil},
		"one, pretty":           {"\n" + pretty, []string{"2: PUT /a"}},
		"several, pretty":       {pretty + "\n" + pretty + "\n\n" + pretty, []string{"1: PUT /a", "11: PUT /a", "22: PUT /a"}},
		"one, cut":              {strings.TrimSuffix(pretty, "}"), []string{"10: invalid: the file is truncated"}},
		"lines stay lines":      {capture + "\n{\n" + capture, []string{"1: PUT /a", "2: invalid", "3: PUT /a"}},
	} {
		for _, format := range []string{"jsonl", "har"} {
			if name == "lines stay lines" && format == "har" {
				continue
			}
			records := read(t, format, c.file)
			contains(t, describe(records), c.want)
			for i, r := range records {
				if r.Number != i+1 || r.Err == nil && string(r.Capture.Body) != "hi" {
					t.Errorf("%s as %s: %+v", name, format, r)
				}
			}
			sniffed, err := export.Sniff([]byte(c.file))
			if err != nil || (sniffed.Name == "har") != (name != "lines stay lines") {
				t.Errorf("%s: sniffed as %s, %v", name, sniffed.Name, err)
			}
		}
	}
}
