package query_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/query"
)

func TestQueries(t *testing.T) {
	t.Parallel()
	s, store := start(t)
	const n = 2500 // more than two pages of the store
	for i := range n {
		c := journal.Capture{Bin: "q"}
		c.Method, c.Target, c.Version = "POST", fmt.Sprintf("/q/%d", i), "HTTP/1.1"
		c.Headers.Add("X-Parity", []string{"Even", "Odd"}[i%2])
		c.Body = fmt.Appendf(nil, `{"n":%d,"text":"Grüße %d"}`, i, i)
		if i == 7 {
			c.Body = []byte("not JSON \xff\xfe")
		}
		if err := store.AppendCapture(t.Context(), &c); err != nil {
			t.Fatal(err)
		}
	}
	oldest := journal.CaptureQuery{Bin: "q", Oldest: true}
	for _, tt := range []struct {
		name  string
		query query.Query
		want  []string
	}{
		{"where, newest first", query.Query{Where: ".body.n < 3"}, []string{"/q/2", "/q/1", "/q/0"}},
		{"where, oldest first", query.Query{CaptureQuery: oldest, Where: ".body.n >= 2497"}, []string{"/q/2497", "/q/2498", "/q/2499"}},
		{"limit", query.Query{CaptureQuery: journal.CaptureQuery{Limit: 2}, Where: `.headers["x-parity"] == ["Odd"]`}, []string{"/q/2499", "/q/2497"}},
		{"before and after", query.Query{CaptureQuery: journal.CaptureQuery{Before: 2004, After: 2000}, Where: ".body"}, []string{"/q/2002", "/q/2001", "/q/2000"}},
		{"text of the body, in any case", query.Query{Q: `"GRÜSSE 1234"`}, nil},
		{"text of the body, another case", query.Query{Q: `"gRÜße 1234\""`}, []string{"/q/1234"}},
		{"text of a header", query.Query{CaptureQuery: journal.CaptureQuery{Limit: 1, Oldest: true}, Q: "oDD"}, []string{"/q/1"}},
		{"text of the target", query.Query{Q: "/q/99", CaptureQuery: journal.CaptureQuery{Oldest: true, Limit: 2}}, []string{"/q/99", "/q/990"}},
		{"bytes", query.Query{Q: "\xff\xfe"}, []string{"/q/7"}},
		{"text and where", query.Query{Q: `"grüße 12"`, Where: ".body.n < 123"}, []string{"/q/122", "/q/121", "/q/120", "/q/12"}},
		{"a body that is text", query.Query{Where: ".body | type == \"string\""}, []string{"/q/7"}},
		{"a bin without captures", query.Query{CaptureQuery: journal.CaptureQuery{Bin: "none"}, Where: ".method"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := s.Captures(t.Context(), tt.query)
			if err != nil || got == nil {
				t.Fatal(got, err)
			}
			if diff := cmp.Diff(tt.want, targets(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestWrongConditions(t *testing.T) {
	t.Parallel()
	s, store := start(t)
	post(t, store, "/q", "{}")
	for where, want := range map[string]string{
		`.method == 'POST'`:             `invalid condition ".method == 'POST'": line 1, column 12: unexpected token "'": put strings in double quotes`,
		`.method == "A" && .path`:       `invalid condition ".method == \"A\" && .path": line 1, column 16: unexpected token "&": jq writes && as "and" and || as "or"`,
		".method ==\n  .body ]":         `invalid condition ".method ==\n  .body ]": line 2, column 9: unexpected token "]": want a jq condition such as .method == "POST" and .body.id == 7`,
		`.body.x == "a`:                 `invalid condition ".body.x == \"a": line 1, column 14: unterminated string literal: want a jq condition such as .method == "POST" and .body.id == 7`,
		`.method = "POST"`:              `invalid condition ".method = \"POST\"": ".method = \"POST\"" changes a value and always holds: compare with ==`,
		`.path and (.body.n += 1)`:      `invalid condition ".path and (.body.n += 1)": ".body.n += 1" changes a value and always holds: compare with ==`,
		`.headers["X-Event"] == "a"`:    `invalid condition ".headers[\"X-Event\"] == \"a\"": header names are in lower case: .headers["x-event"]`,
		`.methd == "POST"`:              `invalid condition ".methd == \"POST\"": a request has no .methd: want .method, .path, .query, .params, .headers, .body, .form, .parts; a member of the body is .body.methd`,
		`.body.n == 1 and .event.x`:     `invalid condition ".body.n == 1 and .event.x": a request has no .event: want .method, .path, .query, .params, .headers, .body, .form, .parts; a member of the body is .body.event`,
		`nosuch(1)`:                     `invalid condition "nosuch(1)": function not defined: nosuch/1`,
		`input`:                         `invalid condition "input": function not defined: input/0`,
		`last(range(1e12)) > 0`:         `invalid condition "last(range(1e12)) > 0": it took too long: more than 1s with capture c00000001`,
		strings.Repeat(" ", 4097) + ".": `invalid condition of 4098 bytes: want at most 4096`,
	} {
		_, err := s.Captures(t.Context(), query.Query{Where: where})
		if !errors.Is(err, journal.ErrInvalid) || err.Error() != want {
			t.Errorf("%.40s\ngot  %v\nwant %s", where, err, want)
		}
	}
}
