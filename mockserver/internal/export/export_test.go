package export_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/export"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// delicate is a body that must not change: it has a number that is no float and an escape that JSON
// encoders drop.
const delicate = `{"n":12345678901234567890,"s":"a\/b"}`

// fataler is any kind of test.
type fataler interface {
	Helper()
	Fatal(args ...any)
}

func capture(t fataler, raw string) journal.Capture {
	t.Helper()
	m, err := wire.ParseRequest([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	return journal.Capture{
		Message: m, ID: "c00000007", Bin: "inbox", Seq: 7, At: time.Date(2026, 1, 15, 9, 0, 0, 123456789, time.UTC),
		Peer: "127.0.0.1:9", Problems: []string{},
	}
}

func request(body string) string {
	return fmt.Sprintf("POST /inbox//a/../b?x=%%2F&y HTTP/1.1\r\nhOST: 127.0.0.1:8081\r\nX-Twice: 1\r\nx-twice: 2\r\nX-Empty: \r\n"+
		"content-type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

func write(t fataler, format string, o export.Options, captures ...journal.Capture) string {
	t.Helper()
	f, err := export.Find(format)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.Write(&b, all(captures), o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func all(captures []journal.Capture) export.Captures {
	return func(yield func(journal.Capture, error) bool) {
		for _, c := range captures {
			if !yield(c, nil) {
				return
			}
		}
	}
}

func read(t fataler, format, file string) []export.Record {
	t.Helper()
	f, err := export.Find(format)
	if err != nil {
		t.Fatal(err)
	}
	var records []export.Record
	for r := range f.Read(strings.NewReader(file)) {
		records = append(records, r)
	}
	return records
}

// TestRoundTrip checks that captures are read as they were written, byte for byte, in both
// directions.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, format := range export.Names(export.Format.Readable) {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				want := rapid.SliceOfN(randomCapture(), 0, 4).Draw(t, "captures")
				file := write(t, format, export.Options{KeepSecrets: true}, want...)
				var got []journal.Capture
				for _, r := range read(t, format, file) {
					if r.Err != nil {
						t.Fatalf("line %d: %v\n%s", r.Line, r.Err, file)
					}
					got = append(got, r.Capture)
				}
				if diff := cmp.Diff(normal(want), normal(got)); diff != "" {
					t.Fatalf("(-written +read):\n%s\n%s", diff, file)
				}
				if again := write(t, format, export.Options{KeepSecrets: true}, got...); again != file {
					t.Fatalf("written again:\n%s\nfirst:\n%s", again, file)
				}
			})
		})
	}
}

// normal returns c with empty values instead of nil.
func normal(captures []journal.Capture) []journal.Capture {
	out := make([]journal.Capture, len(captures))
	for i, c := range captures {
		out[i] = c.Clone()
		if r := out[i].Response; r != nil && len(r.Headers) == 0 {
			r.Headers = nil
		}
	}
	return out
}

func randomCapture() *rapid.Generator[journal.Capture] {
	text := rapid.OneOf(rapid.StringMatching(`[ -~]{1,12}`), rapid.StringMatching(`[é€😀<>&"\\/]{1,4}`),
		rapid.Map(rapid.SliceOfN(rapid.ByteRange(11, 255), 1, 6), func(b []byte) string { return string(b) }))
	body := rapid.OneOf(rapid.Just([]byte(delicate)), rapid.SliceOf(rapid.Byte()), rapid.Map(rapid.String(), func(s string) []byte { return []byte(s) }))
	return rapid.Custom(func(t *rapid.T) journal.Capture {
		c := journal.Capture{
			ID: rapid.StringMatching(`c[0-9]{8}`).Draw(t, "id"), Bin: rapid.StringMatching(`[a-z]{1,8}`).Draw(t, "bin"), Seq: rapid.Uint64().Draw(t, "seq"),
			At: time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "s"), rapid.Int64Range(0, 999999999).Draw(t, "ns")).UTC(), Peer: "127.0.0.1:9",
		}
		c.Method, c.Target, c.Version = text.Draw(t, "method"), text.Draw(t, "target"), text.Draw(t, "version")
		for range rapid.IntRange(0, 4).Draw(t, "headers") {
			c.Headers = append(c.Headers, signature.Header{Name: text.Draw(t, "name"), Value: text.Draw(t, "value")})
		}
		c.Body = body.Draw(t, "body")
		if rapid.Bool().Draw(t, "problems") {
			c.Problems = []string{"malformed: \"x\""}
		}
		if rapid.Bool().Draw(t, "response") {
			c.Response = &journal.Response{
				Binary: rapid.SampledFrom([]journal.Binary{nil, {0, 0xff}}).Draw(t, "binary"),
				Status: rapid.IntRange(0, 599).Draw(t, "status"), Headers: map[string]string{"X-A": "1", "Location": "/x"},
				Lines: signature.Headers{{Name: "x-b", Value: "2"}, {Name: "X-B", Value: "1"}}, Body: rapid.String().Draw(t, "text"),
				Delay: journal.Duration(rapid.Int64Range(0, 1e12).Draw(t, "delay")), Hang: rapid.Bool().Draw(t, "hang"), Reset: rapid.Bool().Draw(t, "reset"),
			}
		}
		if rapid.Bool().Draw(t, "verified") {
			c.Verification = &journal.Verification{Provider: "neostore", Verdict: "mismatch", Explanation: rapid.String().Draw(t, "why")}
		}
		return c
	})
}

// TestFormatsKeepTheBody checks that every format contains the bytes of a delicate body.
func TestFormatsKeepTheBody(t *testing.T) {
	t.Parallel()
	body := `{"__id":"e1","__eventName":"Pass:Created","x":` + delicate + `}`
	c := capture(t, request(body))
	for _, f := range export.Formats() {
		if f.Name == "schema" {
			continue // a schema has no values
		}
		got := write(t, f.Name, export.Options{}, c)
		escaped := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
		want := body
		if f.Name == "har" || f.Name == "jsonl" || f.Name == "go" {
			want = escaped.Replace(body)
		}
		if f.Name == "jsonl" {
			want = "eyJfX2lkIjoiZTEi" // in base64; TestRoundTrip reads all of it
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: want %s in\n%s", f.Name, want, got)
		}
		if f.Text == "" || f.MediaType == "" || f.Extension == "" {
			t.Errorf("%s has no text, media type or extension", f.Name)
		}
	}
	if got := write(t, "raw", export.Options{}, c); got != request(body) {
		t.Errorf("raw: %q", got)
	}
}

func TestFormatsWithOneCapture(t *testing.T) {
	t.Parallel()
	c := capture(t, request("x"))
	f, _ := export.Find("raw")
	for _, list := range [][]journal.Capture{{}, {c, c}} {
		if err := f.Write(&bytes.Buffer{}, all(list), export.Options{}); !errors.Is(err, export.ErrInvalid) {
			t.Errorf("%d captures: %v, want ErrInvalid", len(list), err)
		}
	}
	broken := errors.New("the store is closed")
	for _, f := range export.Formats() {
		err := f.Write(&bytes.Buffer{}, func(yield func(journal.Capture, error) bool) { yield(journal.Capture{}, broken) }, export.Options{})
		if !errors.Is(err, broken) {
			t.Errorf("%s: %v, want the captures' error", f.Name, err)
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"haar": `did you mean "har"?`,
		"pdf":  "want one of raw, curl, har, jsonl, scenario, go",
	} {
		if _, err := export.Find(name); !errors.Is(err, export.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	f, _ := export.Find("go")
	for r := range f.Read(strings.NewReader("")) {
		if !errors.Is(r.Err, export.ErrInvalid) || !strings.Contains(r.Err.Error(), "want har or jsonl") {
			t.Errorf("read go: %v", r.Err)
		}
	}
}
