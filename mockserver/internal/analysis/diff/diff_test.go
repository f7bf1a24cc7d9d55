package diff_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/analysis/diff"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

func message(body string, headers ...signature.Header) wire.Message {
	return wire.Message{Method: "POST", Target: "/in", Version: "HTTP/1.1", Headers: headers, Body: []byte(body)}
}

// lines formats differences for comparison.
func lines(r diff.Result) []string {
	list := []string{}
	for _, d := range r.Differences {
		text := func(s *string) string {
			if s == nil {
				return "-"
			}
			return *s
		}
		list = append(list, fmt.Sprintf("%s %s: %s → %s", d.Where, d.Kind, text(d.Before), text(d.After)))
	}
	return list
}

func TestBodies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		before, after string
		want          []string
		same          bool // whether the meaning is the same
	}{
		{`{"a":1}`, `{"a":1}`, []string{}, true},
		{`{"n":12345678901234567890}`, `{"n":12345678901234567891}`, []string{"body /n changed: 12345678901234567890 → 12345678901234567891"}, false},
		{`{"n":1,"m":100}`, `{"n":1.0,"m":1e2}`, []string{"body /n spelling: 1 → 1.0", "body /m spelling: 100 → 1e2"}, true},
		{`[0.1, 1E400, 0]`, `[0.10, 1e401, -0]`, []string{"body /0 spelling: 0.1 → 0.10", "body /1 changed: 1E400 → 1e401", "body /2 changed: 0 → -0"}, false},
		{`"a\/b"`, `"a/b"`, []string{`body spelling: "a\/b" → "a/b"`}, true},
		{"\"\xff\"", "\"\xfe\"", []string{`body changed: \"\xff\" → \"\xfe\"`}, false},
		{`{"a":1,"b":{"c":2,"d":3}}`, `{"b":{"d":3,"c":2},"a":1}`, []string{"body /b order: c, d → d, c", "body order: a, b → b, a"}, true},
		{`{"a":1}`, `{ "a": 1 }`, []string{`body whitespace: {"a":1} → { "a": 1 }`}, true},
		{`{"a":1,"x/~":[]}`, `{"b":null}`, []string{"body /a removed: 1 → -", "body /x~1~0 removed: [] → -", "body /b added: - → null"}, false},
		{`{"a":"1"}`, `{"a":1}`, []string{`body /a changed: "1" → 1`}, false},
		{`[{"id":1},{"id":2},{"id":3}]`, `[{"id":0},{"id":1},{"id":2},{"id":3}]`, []string{`body /0 added: - → {"id":0}`}, false},
		{`[1,2,3,4]`, `[1,9,4]`, []string{"body /1 changed: 2 → 9", "body /2 removed: 3 → -"}, false},
		{`{"a":1,"a":2}`, `{"a":1,"a":3}`, []string{"body /a changed: 2 → 3"}, false},
		{"one\ntwo\nthree\n", "one\n2\nthree\n", []string{"body line 2 changed: two\n → 2\n"}, false},
		{"one\n", "one\r\n", []string{"body line 1 changed: one\n → one\r\n"}, false},
		{"one\ntwo", "one", []string{"body line 1 changed: one\n → one", "body line 2 removed: two → -"}, false},
		{"ab\x00\xffcd", "ab\x01cd", []string{`body byte 2 changed: \x00\xff → ` + "\x01"}, false},
		{"", "x", []string{"body added: - → x"}, false},
		{"x", "", []string{"body removed: x → -"}, false},
	} {
		r := diff.Messages(message(c.before), message(c.after))
		if d := cmp.Diff(c.want, lines(r)); d != "" {
			t.Errorf("%q, %q (-want +got):\n%s", c.before, c.after, d)
		}
		if r.SameMeaning != c.same || r.SameBytes != (c.before == c.after) {
			t.Errorf("%q, %q: same bytes %v, same meaning %v", c.before, c.after, r.SameBytes, r.SameMeaning)
		}
	}
}

func TestHeads(t *testing.T) {
	t.Parallel()
	h := func(name, value string) signature.Header { return signature.Header{Name: name, Value: value} }
	a := message("", h("Host", "h"), h("X-A", "1"), h("X-A", "2"), h("Gone", "g"), h("Z", "z"))
	b := message("", h("host", "h"), h("Z", "z"), h("X-A", "1"), h("x-a", "3"), h("New", ""))
	b.Method, b.Target, b.Version = "PUT", "/out?x", "HTTP/1.0"
	want := []string{
		"method changed: POST → PUT", "target changed: /in → /out?x", "version changed: HTTP/1.1 → HTTP/1.0",
		"header host case: Host → host", "header x-a#2 case: X-A → x-a", "header x-a#2 changed: 2 → 3", "header gone removed: g → -",
		"header new added: -  → ", "headers order: host, x-a, x-a#2, z → host, z, x-a, x-a#2",
	}
	want[7] = "header new added: - → "
	if d := cmp.Diff(want, lines(diff.Messages(a, b))); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestResultsAreBounded(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("[")
	for i := range 3000 {
		fmt.Fprintf(&b, "%d,", i)
	}
	long := `"` + strings.Repeat("é", 10000) + `"`
	r := diff.Messages(message(b.String()+"0]"), message(strings.ReplaceAll(b.String(), ",", ".5,")+long+"]"))
	if len(r.Differences) != diff.MaxDifferences || r.Omitted < 1990 {
		t.Errorf("%d differences, %d omitted", len(r.Differences), r.Omitted)
	}
	r = diff.Messages(message("1"), message(long))
	if got := *r.Differences[0].After; len(got) > 4200 || !strings.HasSuffix(got, "é…") {
		t.Errorf("%d bytes: …%q", len(got), got[len(got)-10:])
	}
	deep := strings.Repeat("[", 9000) + "1" + strings.Repeat("]", 9000)
	if r = diff.Messages(message(deep), message(strings.Replace(deep, "1", "2", 1))); len(r.Differences) != 1 {
		t.Errorf("%d differences deep down, want 1", len(r.Differences))
	}
}

// Two bodies with the same meaning decode to the same value; equal bytes have no differences.
func TestMeaning(t *testing.T) {
	t.Parallel()
	texts := rapid.SampledFrom([]string{`1`, `1.0`, `"a"`, `"\u0061"`, `null`, `[]`, `[1]`, `[ 1]`, `[1.0]`, `{"a":1,"b":2}`, `{"b":2,"a":1.0}`, `{"\u0061":1,"b":2}`, `{}`})
	rapid.Check(t, func(t *rapid.T) {
		x := "[" + strings.Join(rapid.SliceOfN(texts, 0, 4).Draw(t, "x"), ",") + "]"
		y := "[" + strings.Join(rapid.SliceOfN(texts, 0, 4).Draw(t, "y"), ",") + "]"
		r := diff.Messages(message(x), message(y))
		var a, b any
		if json.Unmarshal([]byte(x), &a) != nil || json.Unmarshal([]byte(y), &b) != nil {
			t.Fatal("not JSON")
		}
		if same := cmp.Equal(a, b); same != r.SameMeaning {
			t.Errorf("%s, %s: same meaning %v, want %v: %v", x, y, r.SameMeaning, same, lines(r))
		}
		if (len(r.Differences) == 0) != (x == y) {
			t.Errorf("%s, %s: %v", x, y, lines(r))
		}
	})
}

func FuzzMessages(f *testing.F) {
	f.Add([]byte(`{"a":[1,{"b":"\u00e9\\\""}]}`), []byte(`{"a":[1.0,{"b":"é\\\""},2]}`))
	f.Add([]byte("\xff"), []byte("text\n"))
	f.Fuzz(func(t *testing.T, x, y []byte) {
		r := diff.Messages(message(string(x)), message(string(y)))
		if r.SameBytes != bytes.Equal(x, y) || r.SameBytes != (len(r.Differences) == 0) {
			t.Errorf("same bytes %v, differences %v", r.SameBytes, lines(r))
		}
	})
}
