package scenarios

import (
	"strings"
	"testing"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver"
)

// TestEach checks that a step with a table is run once for each row, each with its own result,
// events and name, and that the step stands for all rows.
func TestEach(t *testing.T) {
	t.Parallel()
	s := shopScenario(t, `
params: {last: "body:tamper"}
steps:
  - {id: sub, subscribe: {}}
  - id: forged
    each: {fault: ["signature:missing", "signature:wrong_secret", "${params.last}"]}
    deliver: {event: "Pass:Created", faults: ["${each.fault}"]}
    expect: {captures: {count: 1, verified: mismatch}}
  - id: all
    expect:
      - deliveries: {of: forged, count: 3, state: delivered}
      - captures: {since: forged, count: 3, differs: [.body.passId]}
      - captures: {since: forged, count: 1, where: '.body.passId == "${steps.forged.events.1.body.passId}"', within: 1ms}
`)
	report, err := play(t, s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := "sub passed, forged/signature:missing failed, forged/signature:wrong_secret passed, forged/body:tamper passed, all "
	var got []string
	for _, step := range report.Steps {
		got = append(got, step.ID+" "+string(step.Status))
	}
	if text := strings.Join(got, ", "); !strings.HasPrefix(text, want) {
		t.Errorf("want %s, got %s", want, text)
	}
	if got := unfolded(t, report); !strings.Contains(got, "want the signature mismatch, got missing") || !strings.Contains(got, "3 deliveries delivered") {
		t.Error(got)
	}
}

// TestRows checks that a scenario with rows is played once for each row, with its values, its name
// and its own events.
func TestRows(t *testing.T) {
	t.Parallel()
	s := shopScenario(t, `
rows:
  - {name: one, count: 1}
  - {name: two, count: 2}
  - {name: null, count: 0}
steps:
  - {id: sub, subscribe: {}}
  - id: a
    deliver: {event: "Pass:Created", times: "${row.count}"}
    expect: {captures: {count: "${row.count}"}}
    save: {pass: .status}
`)
	cases := s.Cases()
	if len(cases) != 3 || cases[0].Name != "test/one" || cases[2].Name != "test/null" || len(s.Cases()[0].Cases()) != 1 {
		t.Fatalf("%v", cases)
	}
	if _, err := play(t, s, Options{}); err == nil || !strings.Contains(err.Error(), "run each of its Cases") {
		t.Error(err)
	}
	ids := map[string]bool{}
	for i, c := range cases[:2] {
		server := mockserver.StartT(t)
		report, err := Run(t.Context(), server.Client(), c, Options{})
		if err != nil || report.Status != Passed || report.Counts.Captures != i+1 || !strings.Contains(report.Repeat, "--only "+c.Name) {
			t.Errorf("%v %s\n%s", err, report.Repeat, text(t, report))
		}
		list, err := server.Client().Deliveries(t.Context(), mockserver.DeliveryQuery{})
		if err != nil || len(list) != i+1 {
			t.Fatalf("%d deliveries, %v", len(list), err)
		}
		ids[list[0].Event.ID] = true
	}
	if len(ids) != 2 {
		t.Error("two rows sent the same event")
	}
}

// TestTableForms checks the forms of tables and the names of rows.
func TestTableForms(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{a: [1, 2], b: [x, y]}":                     "a=1,b=x | a=1,b=y | a=2,b=x | a=2,b=y",
		"{fault: ['signature:missing', {delay: 1}]}": `signature:missing | {"delay":1}`,
		"[{a: 1}, {a: 1}]":                           "1 | 1#2",
		"[{a: 1, name: x}, {a: 2}]":                  "x | 2",
		"[]":                                         "!the table has no rows",
		"{}":                                         "!the table has no rows",
		"{a: []}":                                    "!the table has no rows",
		"{a: 1}":                                     "!expected a list of values for a",
		"[{a: 1}, {b: 2}]":                           `!row 1 has no value "b"`,
		"5":                                          "!expected a list of rows",
		"{a: [" + strings.Repeat("1,", 40) + "], b: [" + strings.Repeat("1,", 40) + "]}": "!too many rows",
	} {
		s, err := Parse("test.yaml", []byte("hookrig: 1\nname: test\nrows: "+text+"\nsteps: [{id: a, advance: 1s}]\n"), fixtures.Builtin())
		if wrong, ok := strings.CutPrefix(want, "!"); ok {
			if err == nil || !strings.Contains(err.Error(), wrong) {
				t.Errorf("%s: want %q, got %v", text, wrong, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		var names []string
		for _, r := range s.Rows.rows() {
			names = append(names, r.name)
		}
		if got := strings.Join(names, " | "); got != want {
			t.Errorf("%s: want %s, got %s", text, want, got)
		}
	}
}
