package scenarios

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/internal/sqlread"
)

// TestObservations checks each condition of an effect against values that change from sample to
// sample; the last one repeats.
func TestObservations(t *testing.T) {
	t.Parallel()
	unreadable := errors.New("no route to the consumer")
	for name, c := range map[string]struct {
		observation string
		samples     []any
		want        Status
		detail      string
	}{
		"exactly":                      {"{exactly: 1, then_stable: 60ms}", []any{0, 0, 1}, Passed, "1; value stayed so for 60ms"},
		"exactly, then more":           {"{exactly: 1, then_stable: 60ms}", []any{0, 1, 2}, Failed, "effect value: want 1, and then no change for 60ms, got 2"},
		"exactly, never":               {"{exactly: 1, within: 30ms}", []any{0}, Failed, "want eventually 1 within 30ms, got 0"},
		"exactly, never readable":      {"{exactly: 1, within: 30ms}", []any{unreadable}, Inconclusive, "no route to the consumer"},
		"stable, unreadable meanwhile": {"{exactly: 1, then_stable: 80ms}", []any{1, unreadable, 1}, Passed, "stayed so"},
		"stable, unreadable from then": {"{exactly: 1, then_stable: 60ms}", []any{1, unreadable}, Inconclusive, "could not be checked for 60ms"},
		"eventually, then stable":      {"{eventually: {jq: '. > 1'}, then_stable: 60ms}", []any{1, 2, 3}, Passed, ". > 1; value stayed so"},
		"eventually, not stable":       {"{eventually: {jq: '. > 1'}, then_stable: 60ms}", []any{1, 2, 0}, Failed, "and then no change for 60ms, got 0"},
		"delta":                        {"{delta: 2, then_stable: 60ms}", []any{5, 5, 6, 7}, Passed, "7; value stayed so"},
		"delta of a fraction":          {"{delta: -0.5, then_stable: 60ms}", []any{1.5, 1}, Passed, "1; value"},
		"delta of tenths":              {"{delta: 0.2, then_stable: 60ms}", []any{0.1, 0.3}, Passed, "0.3; value"},
		"delta, too much":              {"{delta: 1, then_stable: 60ms}", []any{5, 6, 7}, Failed, "want 6, and then no change for 60ms, got 7"},
		"delta, none":                  {"{delta: 1, within: 30ms}", []any{5}, Failed, "want eventually 6 within 30ms, got 5"},
		"delta 0":                      {"{delta: 0, then_stable: 60ms}", []any{5}, Passed, "stayed so for 60ms"},
		"delta 0, a change":            {"{delta: 0, then_stable: 60ms}", []any{5, 6}, Failed, "want 5, and then no change for 60ms, got 6"},
		"delta, nothing before":        {"{delta: 1}", []any{unreadable, 1}, Inconclusive, "delta needs a number from before the step, got not readable"},
		"delta, no number before":      {"{delta: 1}", []any{"x", 1}, Inconclusive, "delta needs a number"},
		"delta without a value":        {"{delta: null}", []any{5}, Inconclusive, "there is nothing to check"},
		"exactly and never":            {"{exactly: 1, never: {jq: '. > 1'}, for: 30ms}", []any{1}, Passed, "value never . > 1 for 30ms"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := read(t, "effects:\n  value: {func: value}\nsteps:\n  - id: a\n    expect: {effects: {value: "+c.observation+"}}\n")
			n := -1
			report, err := play(t, s, Options{Effects: map[string]func(context.Context) (any, error){
				"value": func(context.Context) (any, error) {
					n = min(n+1, len(c.samples)-1)
					failed, _ := c.samples[n].(error)
					return c.samples[n], failed
				},
			}})
			if got := text(t, report); err != nil || report.Status != c.want || !strings.Contains(got, c.detail) {
				t.Errorf("%s, %v, want %s and %q\n%s", report.Status, err, c.want, c.detail, got)
			}
		})
	}
}

// TestSQLEffect reads a database that the consumer could write.
func TestSQLEffect(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "shop.db")
	db, err := sql.Open("sqlite", "file:"+file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("create table passes (id text, installs integer); insert into passes values ('a', 1), ('b', 3)"); err != nil {
		t.Fatal(err)
	}
	const steps = `
effects:
  count: {sql: {dsn: "${env:DSN}", query: "select count(*) from passes where installs >= $1", args: [2]}}
  rows: {sql: {dsn: "${env:DSN}", query: "select id from passes order by id"}, jq: "[.body[].id]"}
  writes: {sql: {dsn: "${env:DSN}", query: "delete from passes"}}
steps:
  - id: a
    expect: {effects: {count: {eventually: {eq: 1}}, rows: {exactly: [a, b]}}}
  - id: b
    expect: {effects: {writes: {eventually: {eq: 1}, within: 1ms}}}
`
	o := Options{Env: func(string) (string, bool) { return "sqlite:" + file, true }}
	if report, err := play(t, read(t, steps), o); !errors.Is(err, ErrSQL) || report.Status != Errored || !strings.Contains(err.Error(), "--allow-sql") {
		t.Errorf("without permission: %s, %v", report.Status, err)
	}
	o.SQL = sqlread.Query
	report, err := play(t, read(t, steps), o)
	got := text(t, report)
	if err != nil || report.Steps[0].Status != Passed || report.Steps[1].Status != Inconclusive || !strings.Contains(got, "only one SELECT statement is run") {
		t.Errorf("%v\n%s", err, got)
	}
}

// TestSink checks a consumer that calls somebody when it gets an event.
func TestSink(t *testing.T) {
	t.Parallel()
	const steps = `
effects:
  calls: {sink: {bin: inbox}}
  paid: {sink: {bin: inbox, where: '.body.state == "paid"'}, jq: '.body[0].path | endswith("/orders/7")'}
steps:
  - id: call
    call: {method: POST, url: "${bins.inbox.url}/orders/7", body: '{"state": "paid"}'}
    expect:
      effects: {calls: {delta: 1, then_stable: 30ms}, paid: {eventually: {eq: true}}}
  - id: nothing-more
    expect: {effects: {calls: {delta: 0, then_stable: 30ms}}}
`
	report, err := play(t, read(t, steps), Options{})
	if err != nil || report.Status != Passed {
		t.Errorf("%v\n%s", err, text(t, report))
	}
	report, err = play(t, read(t, strings.Replace(steps, "delta: 0", "delta: 1, within: 30ms", 1)), Options{})
	if got := text(t, report); err != nil || report.Status != Failed || !strings.Contains(got, "effect calls: want eventually 2 within 30ms, got 1") {
		t.Errorf("%v\n%s", err, got)
	}
}
