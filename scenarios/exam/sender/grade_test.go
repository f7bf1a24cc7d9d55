package sender_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/scenarios/exam"
	"github.com/hookrig/hookrig/scenarios/exam/sender"
)

func TestWrongOptions(t *testing.T) {
	t.Parallel()
	p, err := fixtures.Builtin().Provider("standard-webhooks")
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		options sender.Options
		want    error
	}{
		"no provider":     {sender.Options{}, sender.ErrOptions},
		"unknown check":   {sender.Options{Provider: p, Skip: map[string]string{"retry": "why"}}, sender.ErrOptions},
		"unknown failure": {sender.Options{Provider: p, Known: map[string]string{"retry": "why"}}, sender.ErrOptions},
		"no reason":       {sender.Options{Provider: p, Skip: map[string]string{"order": ""}}, sender.ErrOptions},
		"unknown word":    {sender.Options{Provider: p, Only: []string{"retries"}}, sender.ErrOptions},
		"unknown profile": {sender.Options{Provider: p, Retry: "sometimes"}, fixtures.ErrUnknownRetry},
	} {
		if _, err := sender.Grade(nil, row.options); !errors.Is(err, row.want) {
			t.Errorf("%s: %v, want %v", name, err, row.want)
		}
	}
	r, err := sender.Grade(nil, sender.Options{Provider: p})
	if err != nil || r.Problem == "" || r.Score.Graded() != 0 {
		t.Errorf("%+v, %v: want a report with a problem", r, err)
	}
}

// The user names known failures, selects checks, and makes inconclusive ones fail.
func TestExpectations(t *testing.T) {
	t.Parallel()
	p, err := fixtures.Builtin().Provider("standard-webhooks")
	if err != nil {
		t.Fatal(err)
	}
	list := captures(t, p, request{at: 0, id: "a", answer: "500"}, request{at: 5, id: "a", answer: "200"}, request{at: 6, id: "a", answer: "200"})
	for _, row := range []struct {
		check   string
		options sender.Options
		want    exam.Verdict
		why     string
		known   string
	}{
		{"stop-success", sender.Options{}, exam.Fail, "attempt 3 came", ""},
		{"stop-success", sender.Options{Known: map[string]string{"stop-success": "ticket 7"}}, exam.Fail, "attempt 3 came", "ticket 7"},
		{"retry-5xx", sender.Options{Known: map[string]string{"retry-5xx": "ticket 8"}}, exam.Fail, "it was known to fail (ticket 8), and passes", ""},
		{"retry-429", sender.Options{}, exam.Inconclusive, "", ""},
		{"retry-429", sender.Options{Strict: true}, exam.Fail, "it is inconclusive: no attempt got", ""},
	} {
		o := row.options
		o.Provider, o.Only, o.Now = p, []string{row.check}, list[2].At.Add(time.Hour)
		r, err := sender.Grade(list, o)
		if err != nil || len(r.Checks) != 1 {
			t.Fatalf("%+v, %v: want one check", r.Checks, err)
		}
		if c := r.Checks[0]; c.ID != row.check || c.Result != row.want || !strings.Contains(c.Why, row.why) || c.Known != row.known {
			t.Errorf("%s: %s %q, known %q; want %s %q, known %q", row.check, c.Result, c.Why, c.Known, row.want, row.why, row.known)
		}
	}
}

// Words select checks.
func TestSelect(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]int{"order": 1, "signature": 3, "info": 3} {
		if list, err := sender.Select(word); err != nil || len(list) != want {
			t.Errorf("%s: %d checks, %v; want %d", word, len(list), err, want)
		}
	}
	if _, err := sender.Select("retry-5x"); err == nil || !strings.Contains(err.Error(), `did you mean "retry-5xx"?`) {
		t.Errorf("%v: want a suggestion", err)
	}
	if list, err := sender.Select(); err != nil || len(list) != len(sender.Checks()) {
		t.Errorf("%d checks, %v: want all", len(list), err)
	}
}
