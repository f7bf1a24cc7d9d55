package query

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/internal/clip"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

func TestParseTerms(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]terms{
		"":                         nil,
		" \t\n":                    nil,
		"a":                        {{value: "a"}},
		"  a  b ":                  {{value: "a"}, {value: "b"}},
		`"a  b" -c NOT d NOT  "e"`: {{value: "a  b"}, {not: true, value: "c"}, {not: true, value: "d"}, {not: true, value: "e"}},
		`-"a b"`:                   {{not: true, value: "a b"}},
		`"a \"b\" \\ \n"`:          {{value: `a "b" \ \n`}},
		`""`:                       {{value: ""}},
		`-`:                        {{value: "-"}},
		`--a`:                      {{not: true, value: "-a"}},
		`{"id":7}`:                 {{value: `{"id":7}`}},
		`Pass:Created 12:30`:       {{value: "Pass:Created"}, {value: "12:30"}},
		`https://a.b/c`:            {{value: "https://a.b/c"}},
		`"pass:create"`:            {{value: "pass:create"}},
		`not Or :a`:                {{value: "not"}, {value: "Or"}, {value: ":a"}},
		`bin:://  -header.x:://`:   {{field: "bin", value: "://"}, {not: true, field: "header", name: "x", value: "://"}},
		`method:post path:/x`:      {{field: "method", value: "post"}, {field: "path", value: "/x"}},
		`-body:"a \"b"`:            {{not: true, field: "body", value: `a "b`}},
		`header.X-Event:a:b`:       {{field: "header", name: "X-Event", value: "a:b"}},
		`header.x: problem:`:       {{field: "header", name: "x"}, {field: "problem"}},
		`status:5xx verdict:stale`: {{field: "status", value: "5xx"}, {field: "verdict", value: "stale"}},
		`after:-14d before:-1h30m`: {{field: "after", value: "-14d"}, {field: "before", value: "-1h30m"}},
		`after:2026-01-15T09:00:00+02:00 before:2026-01-16`: {{field: "after", value: "2026-01-15T09:00:00+02:00"}, {field: "before", value: "2026-01-16"}},
		`larger:2k smaller:0 path://x`:                      {{field: "larger", value: "2k"}, {field: "smaller", value: "0"}, {field: "path", value: "//x"}},
	} {
		got, err := parseTerms(query)
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(term{})); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", query, err, diff)
		}
	}
}

func TestWrongTerms(t *testing.T) {
	t.Parallel()
	fields := strings.Join(fieldNames(), ", ")
	for query, want := range map[string]string{
		`a metod:POST`:               `invalid query "a metod:POST": column 3: there is no field "metod": did you mean "method"? The fields are ` + fields + `; put text with a colon in quotes`,
		`zebra:1`:                    `invalid query "zebra:1": column 1: there is no field "zebra": The fields are ` + fields + `; put text with a colon in quotes`,
		`body.id:7`:                  `invalid query "body.id:7": column 1: there is no field "body.id": did you mean "body"? The fields are ` + fields + `; put text with a colon in quotes`,
		`header:x`:                   `invalid query "header:x": column 1: header: add the name of a header line, as in header.x-event:created`,
		`é "a b`:                     `invalid query "é \"a b": column 3: want a closing quote; write a quote in text as "\""`,
		`"a"b`:                       `invalid query "\"a\"b": column 4: "b": want a space after a closing quote; write a quote in text as \"`,
		`a OR b`:                     `invalid query "a OR b": column 3: OR: all terms must match: use two queries, or a jq condition; to search for the word, put it in quotes`,
		`a NOT`:                      `invalid query "a NOT": column 3: NOT: want one term after it, as in NOT method:GET; to search for the word, put it in quotes`,
		`NOT -a`:                     `invalid query "NOT -a": column 1: NOT: want one term after it, as in NOT method:GET; to search for the word, put it in quotes`,
		`method:`:                    `invalid query "method:": column 8: method "": want some text`,
		`status:99`:                  `invalid query "status:99": column 8: status "99": want a status such as 503, or 5xx`,
		`verdict:vald`:               `invalid query "verdict:vald": column 9: verdict "vald": want valid, missing, malformed, mismatch, stale: did you mean "valid"?`,
		`after:today`:                `invalid query "after:today": column 7: after "today": want a time such as 2026-01-15T09:00:00Z, a day such as 2026-01-15, or how long ago, as in -14d or -90m`,
		`larger:2X`:                  `invalid query "larger:2X": column 8: larger "2X": want a number of bytes such as 500, 2K or 1M`,
		`larger:-1`:                  `invalid query "larger:-1": column 8: larger "-1": want a number of bytes such as 500, 2K or 1M`,
		strings.Repeat("a ", 65):     fmt.Sprintf("invalid query %s: column 130: want at most 64 terms", clip.Quote(strings.Repeat("a ", 65))),
		strings.Repeat("a", 4<<10+1): "invalid query of 4097 bytes: want at most 4096",
	} {
		if _, err := parseTerms(query); !errors.Is(err, journal.ErrInvalid) || err.Error() != want {
			t.Errorf("%.40s\ngot  %v\nwant %s", query, err, want)
		}
	}
}

// Printed terms parse to the same terms.
func TestTermsRoundTrip(t *testing.T) {
	t.Parallel()
	text := rapid.OneOf(rapid.StringMatching(`[a"\\ :/.\-]{0,6}`), rapid.SampledFrom([]string{"NOT", "OR", "AND", "-", "method:", "a:b", "\xff", "é\u2003"}), rapid.String())
	values := map[string]*rapid.Generator[string]{
		"": text, "header": text, "problem": text,
		"method": text.Filter(notEmpty), "path": text.Filter(notEmpty), "body": text.Filter(notEmpty), "bin": text.Filter(notEmpty),
		"status": rapid.SampledFrom([]string{"503", "5xx"}), "after": rapid.SampledFrom([]string{"-14d", "2026-01-15"}), "larger": rapid.SampledFrom([]string{"2K", "0"}),
	}
	rapid.Check(t, func(t *rapid.T) {
		var want terms
		for range rapid.IntRange(0, 5).Draw(t, "terms") {
			one := term{not: rapid.Bool().Draw(t, "not"), field: rapid.SampledFrom(slices.Sorted(keys(values))).Draw(t, "field")}
			one.value = values[one.field].Draw(t, "value")
			if one.field == "header" {
				one.name = rapid.StringMatching(`[A-Za-z][A-Za-z0-9._-]{0,5}`).Draw(t, "name")
			}
			want = append(want, one)
		}
		got, err := parseTerms(want.String())
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(term{})); diff != "" || err != nil {
			t.Fatalf("%s: %v (-want +got):\n%s", want, err, diff)
		}
	})
}

func notEmpty(s string) bool { return s != "" }

func keys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func FuzzTerms(f *testing.F) {
	for _, seed := range []string{`a -b "c d" NOT e`, `method:POST header.x:y -body:"\""`, `after:-14d larger:2K status:5xx`, `x:// path:// "`, "\xff:é"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		first, err := parseTerms(query)
		if err != nil {
			if !errors.Is(err, journal.ErrInvalid) {
				t.Fatal(err)
			}
			return
		}
		again, err := parseTerms(first.String())
		if err != nil && len(first.String()) <= maxQuery || err == nil && !slices.Equal(again, first) {
			t.Fatalf("%q is printed as %q, which is %v, %v", query, first, again, err)
		}
		c := &journal.Capture{Message: wire.Message{Target: query, Body: []byte(query)}}
		var text journal.Folded
		text.Read(c)
		for i := range first {
			holds := first[i].test(time.Unix(0, 0))(c, &text)
			if !holds {
				continue
			}
			for _, sought := range first[i].texts() {
				if !text.Holds(journal.Fold(nil, sought)) {
					t.Fatalf("%s holds, but a search would leave it out", first[i])
				}
			}
		}
	})
}

func TestTermsSelect(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	c := &journal.Capture{
		Bin: "orders", At: now.Add(-time.Hour), Problems: []string{"aborted: after 3 bytes"},
		Response:     &journal.Response{},
		Verification: &journal.Verification{Provider: "neostore", Verdict: "mismatch"},
		Message: wire.Message{
			Method: "POST", Target: "/orders/Hooks?q=Path",
			Headers: signature.Headers{{Name: "X-Event", Value: "Pass:Created"}, {Name: "X-Other", Value: "Gold"}},
			Body:    []byte(`{"name":"Grüße","n":12345}`),
		},
	}
	for query, want := range map[string]bool{
		"": true, "gold": true, "GOLD grüSSE": false, "gold GRÜßE": true, "silver": false, "-silver": true, "-gold": false, `"pass:created"`: true, "Pass:Created": true,
		"eventpass":   false, // not across two parts
		"method:post": true, "method:POS": false, "-method:GET": true,
		"path:hooks": true, "path:/orders/hooks": true, "path:q=path": false,
		"header.x-event:pass": true, "header.x-event:gold": false, "header.X-EVENT:": true, "header.x-none:": false, "header.x-event:created -header.x-other:silver": true,
		"body:gold": false, "body:12345": true,
		"bin:orders": true, "bin:order": false, "status:200": true, "status:2xx": true, "status:503": false, "-status:5xx": true,
		"provider:neostore verdict:mismatch": true, "verdict:valid": false, "provider:neo": false,
		"problem:aborted": true, "problem:": true, "problem:malformed": false,
		"after:-2h": true, "after:-30m": false, "before:-30m": true, "before:2026-11-24T11:00:00Z": false, "after:2026-11-24T11:00:00Z": true, "before:2026-11-25": true,
		"larger:20": true, "larger:2K": false, "smaller:2K": true, "smaller:27": false,
	} {
		s := New(Options{})
		selected, err := s.newSelection(query, "", now)
		if err != nil {
			t.Fatal(err)
		}
		got, err := selected.selects(t.Context(), c)
		if got != want || err != nil {
			t.Errorf("%s: %t, %v; want %t", query, got, err, want)
		}
		if differences := selected.differences(t.Context(), c); (len(differences) == 0) != want {
			t.Errorf("%s: %t, differences %q", query, want, differences)
		}
	}
}
