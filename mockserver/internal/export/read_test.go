package export_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/hookrig/hookrig/mockserver/internal/export"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// describe returns a line for each record of a file: its line number, and the request or the error.
func describe(records []export.Record) []string {
	list := []string{}
	for _, r := range records {
		if r.Err != nil {
			list = append(list, fmt.Sprintf("%d: %v", r.Line, r.Err))
		} else {
			list = append(list, fmt.Sprintf("%d: %s %s", r.Line, r.Capture.Method, r.Capture.Target))
		}
	}
	return list
}

func contains(t *testing.T, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d records, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
	for i := range want {
		if !strings.Contains(got[i], want[i]) {
			t.Errorf("got %s\nwant %q in it", got[i], want[i])
		}
	}
}

func TestLinesSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	good := `{"method":"PUT","target":"/a","version":"HTTP/1.1","headers":[["A","1"]],"body":"aGk="}`
	large := `{"method":"PUT","target":"/a","version":"HTTP/1.1","body":"` + base64.StdEncoding.EncodeToString(make([]byte, 16<<20+1)) + `"}`
	file := good + "\n\n  \n{}\n{\"method\n" + `{"method":"PUT","target":"/a\nb","version":"HTTP/1.1"}` + "\r\n" + `[1]` + "\n" +
		`{"method":"PUT","target":"/","version":"HTTP/1.1","headers":[["A"]]}` + "\n" + large + "\n" + strings.Repeat("x", 65<<20) + "\n" + good
	contains(t, describe(read(t, "jsonl", file)), []string{
		"1: PUT /a", "4: invalid: the method is missing", "5: invalid: want one capture in JSON", "6: invalid: \"/a\\nb\" contains a line end",
		"7: invalid: want one capture", "8: invalid: want one capture in JSON, as the API returns it: header line [\"A\"]: want a pair",
		"9: invalid: its body has 16777217 bytes", "10: invalid: the record has more than 64 MiB", "11: PUT /a",
	})
	records := read(t, "jsonl", "\ufeff"+good)
	if c := records[0].Capture; string(c.Body) != "hi" || !c.At.IsZero() {
		t.Errorf("read %+v: want the body, and no time", c)
	}
}

func TestHARSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	good := `{"startedDateTime":"2026-01-15T09:00:00Z","request":{"method":"GET","url":"http://h/x"}}`
	for file, want := range map[string][]string{
		`{"log":{"version":"1.2","pages":[{"entries":1}],` + "\n\"entries\":[\n" + good + ",\n\n" + `{"request":{"url":"/x"}},` + "\n" + good + "\n]}}": {
			"3: GET /x", `5: invalid: url "/x"`, "6: GET /x",
		},
		`{"log":{"entries":[` + good + `,7,{"request":{"method":3}}]}}`: {"1: GET", "1: invalid: want a HAR entry", "1: invalid: want a HAR entry"},
		`{"log":{"entries":[` + good + ",\n{]}}":                        {"1: GET", "2: invalid: invalid character ']'"},
		`{"log":{"entries":[` + good:                                    {"1: GET", "1: invalid: the file is truncated"},
		"":                                                              {"1: invalid: the file is truncated"},
		"7":                                                             {"1: invalid: the file is not an object"},
		"[]":                                                            {},
		`{"log":[]}`:                                                    {"1: invalid: log is not an object"},
		`{"log":{"entries":{}}}`:                                        {"1: invalid: log.entries is not an array"},
		`{"log":{}}`:                                                    {"1: invalid: it has no log.entries"},
		`{"log":{"entries":[]}}`:                                        {},
		`{"log":{"entries":[{"request":{"method":"P","url":"http://h/","postData":{"text":"?","encoding":"base64"}}},` +
			`{"request":{"method":"P","url":"http://h/","postData":{"text":"?","encoding":"rot13"}}},` +
			`{"request":{"method":"P","url":"http://h/","postData":{"mimeType":"multipart/form-data","params":[{"name":"a","fileName":"b.png"}]}}}]}}`: {
			"invalid: postData.text: illegal base64", `postData.encoding "rot13"`, `the content of the file "b.png"`,
		},
	} {
		contains(t, describe(read(t, "har", file)), want)
	}
	contains(t, describe(read(t, "har", "\ufeff"+`{"log":{"entries":[`+good+"]}}")), []string{"1: GET"})
	f, _ := export.Find("har")
	broken := errors.New("the line is cut")
	for r := range f.Read(io.MultiReader(strings.NewReader(`{"log":`), iotest.ErrReader(broken))) {
		if !errors.Is(r.Err, broken) {
			t.Errorf("got %v, want the reader's error", r.Err)
		}
	}
	big := `{"log":{"entries":[` + good + `,"` + strings.Repeat("x", 70<<20) + `"]}}`
	contains(t, describe(read(t, "har", big)), []string{"GET", "the record has more than 64 MiB"})
}

// TestHAROfABrowser checks that the request of a browser's archive is converted to HTTP/1.
func TestHAROfABrowser(t *testing.T) {
	t.Parallel()
	file := `{"log":{"creator":{"name":"WebInspector"},"entries":[{"startedDateTime":"2026-01-15T09:00:00.5+01:00","time":3,
"request":{"method":"POST","url":"https://example.org/a%20b?x=1&y","httpVersion":"h2","headers":[{"name":":method","value":"POST"},{"name":"accept","value":"*/*"}],
"postData":{"mimeType":"application/x-www-form-urlencoded; charset=utf-8","params":[{"name":"a b","value":"1&2"},{"name":"c","value":""}]}},
"response":{"status":200},"cache":{},"timings":{}}]}}`
	records := read(t, "har", file)
	if len(records) != 1 || records[0].Err != nil {
		t.Fatalf("%+v", describe(records))
	}
	want := "POST /a%20b?x=1&y HTTP/2.0\r\nHost: example.org\r\naccept: */*\r\n\r\na+b=1%262&c="
	if diff := cmp.Diff(want, string(wire.Append(nil, records[0].Capture.Message))); diff != "" {
		t.Error(diff)
	}
	if got := records[0].Capture.At.UTC().Format("15:04:05.0"); got != "08:00:00.5" {
		t.Errorf("at %s", got)
	}
}

func FuzzRead(f *testing.F) {
	c := capture(f, request("\xff"+delicate))
	for _, format := range []string{"har", "jsonl"} {
		f.Add([]byte(write(f, format, export.Options{}, c)))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		for _, format := range []string{"har", "jsonl"} {
			before := 0
			for _, r := range read(t, format, string(file)) {
				if r.Line < before || r.Line > strings.Count(string(file), "\n")+1 {
					t.Errorf("%s: line %d after %d", format, r.Line, before)
				}
				if before = r.Line; r.Err != nil {
					continue
				}
				written := write(t, format, export.Options{KeepSecrets: true}, r.Capture)
				again := read(t, format, written)
				if len(again) != 1 || again[0].Err != nil || string(wire.Append(nil, again[0].Capture.Message)) != string(wire.Append(nil, r.Capture.Message)) {
					t.Errorf("%s: %s\nread back as %v", format, written, describe(again))
				}
			}
		}
	})
}
