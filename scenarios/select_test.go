package scenarios

import (
	"strings"
	"testing"

	"github.com/hookrig/hookrig/mockserver"
)

// TestSelect checks what selections select.
func TestSelect(t *testing.T) {
	t.Parallel()
	list := []*Scenario{
		sends(t, "orders-new", "tags: [slow, orders]\n"), sends(t, "orders-old", "tags: [orders]\n"), sends(t, "table", "rows: {x: [1, 2]}\ntags: [a]\n"), sends(t, "slow", ""),
	}
	for selection, want := range map[string]string{
		"orders-new": "orders-new", "orders-*": "orders-new orders-old", "table": "table/1 table/2", "table/2": "table/2", "table/*": "table/1 table/2",
		"slow": "slow", "tag:slow": "orders-new", "orders": "orders-new orders-old", "name:slow": "slow",
		"b": "orders-new: b sub orders-old: b sub table/1: b sub table/2: b sub slow: b sub", "step:a": "orders-new: a sub orders-old: a sub table/1: a sub table/2: a sub slow: a sub",
		"a":     "table/1 table/2", // a tag goes before a step
		"ordrs": `!"ordrs": did you mean "orders"?`, "tag:orders-new": "!", "name:a": "!", "step:orders": "!", "zzzzzzzz": "!no scenario, tag or step has this name; scenarios: orders-new,",
		"[": "!",
	} {
		selected, err := Select(list, selection)
		if wrong, ok := strings.CutPrefix(want, "!"); ok {
			if err == nil || !strings.Contains(err.Error(), wrong) {
				t.Errorf("%s: want %q, got %v", selection, wrong, err)
			}
			continue
		}
		var got []string
		for _, s := range selected {
			name := s.Name
			if s.only != nil {
				name += ": " + strings.Join(keys(s.only), " ")
			}
			got = append(got, name)
		}
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: want %s, got %v, %v", selection, want, got, err)
		}
	}
	if all, err := Select(list); err != nil || len(all) != 4 {
		t.Error(err)
	}
	if two, err := Select(list, "slow", "table/2"); err != nil || len(two) != 2 || two[0].Name != "table/2" {
		t.Errorf("%v, %v", two, err)
	}
}

// TestSelectedStep checks that a selected step sends the same bytes as in a whole run, with the
// steps that it needs.
func TestSelectedStep(t *testing.T) {
	t.Parallel()
	s := shopScenario(t, `
setup: [{id: first, advance: 1s}]
steps:
  - {id: sub, subscribe: {}}
  - {id: life, journey: {name: pass, events: ["Pass:Created", "Pass:Installed"], hold: true}}
  - {id: other, deliver: {event: "Pass:Updated"}}
  - {id: mine, deliver: {from: life}}
  - {id: after, expect: {deliveries: {of: mine, count: 2}}}
  - {id: rest, expect: {deliveries: {of: other, count: 1}}}
teardown: [{id: last, advance: 1s}]
`)
	bodies := func(s *Scenario) (out []string, report Report) {
		server := mockserver.StartT(t)
		report, err := Run(t.Context(), server.Client(), s, Options{})
		if err != nil || report.Status != Passed {
			t.Fatalf("%v\n%s", err, text(t, report))
		}
		list, err := server.Client().Deliveries(t.Context(), mockserver.DeliveryQuery{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range list {
			out = append(out, string(list[i].Event.Body))
		}
		return out, report
	}
	whole, _ := bodies(s)
	selected, err := Select([]*Scenario{s}, "after")
	if err != nil {
		t.Fatal(err)
	}
	part, report := bodies(selected[0])
	if want := "first passed, sub passed, life passed, other skipped, mine passed, after passed, rest skipped, last passed"; results(report) != want {
		t.Errorf("want %s, got %s", want, results(report))
	}
	if len(whole) != 3 || len(part) != 2 || part[0] != whole[0] || part[1] != whole[1] {
		t.Errorf("%q\n%q", whole, part)
	}
}
