package capture_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/query"
)

// Searches, conditions and comparisons use the decoded body; the store has the received bytes.
func TestDecodedBodies(t *testing.T) {
	t.Parallel()
	s, store := start(t)
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	fmt.Fprint(w, `{"b":2,"active":true,"text":"findme"}`)
	w.Close()
	c := dial(t, s)
	write(t, c, fmt.Sprintf("POST /b HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", zipped.Len(), zipped.String()))
	write(t, c, "POST /b?shop=a%20b HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 11\r\n\r\nCallSid=CA1")
	write(t, c, "POST /b HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello")
	responses(t, c, "POST", 3)
	for where, want := range map[string]string{
		".body.b == 2":                                 "1",
		".body | .active":                              "1",
		"(.body | .active) and .body.b == 2":           "1",
		".body as $x | $x.b == 2":                      "1",
		"[.body] | .[0].b == 2":                        "1",
		"if .body.b == 2 then true else false end":     "1",
		`.body.text | test("find")`:                    "1",
		`.form.CallSid == "CA1"`:                       "2",
		`.params.shop == "a b"`:                        "2",
		`.form == null and (.body | type) == "string"`: "3",
		`.parts == null`:                               "321",
	} {
		list, err := s.Captures(t.Context(), query.Query{CaptureQuery: journal.CaptureQuery{Bin: "b"}, Where: where})
		got := ""
		for _, c := range list {
			got += strings.TrimLeft(strings.TrimPrefix(c.ID, "c"), "0")
		}
		if err != nil || got != want {
			t.Errorf("%s: captures %q, %v; want %q", where, got, err, want)
		}
	}
	for q, want := range map[string]int{"findme": 1, "body:findme": 1, "-findme": 2, "hello": 1} {
		if list, err := s.Captures(t.Context(), query.Query{CaptureQuery: journal.CaptureQuery{Bin: "b"}, Q: q}); err != nil || len(list) != want {
			t.Errorf("%s: %d captures, %v; want %d", q, len(list), err, want)
		}
	}
	if first, err := store.Capture(t.Context(), journal.CaptureID(1)); err != nil || !bytes.Equal(first.Body, zipped.Bytes()) {
		t.Errorf("the stored body is %q, %v", first.Body, err)
	}
}
