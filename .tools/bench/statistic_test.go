package main

import "testing"

func TestSample(t *testing.T) {
	for _, tt := range []struct {
		values []float64
		want   Sample
	}{
		{nil, Sample{}},
		{[]float64{3}, Sample{3, 3, 3, 1}},
		{[]float64{4, 1}, Sample{2.5, 1, 4, 2}},
		{[]float64{9, 1, 2}, Sample{2, 1, 9, 3}},
	} {
		if got := sample(tt.values); got != tt.want {
			t.Errorf("%v: %+v, want %+v", tt.values, got, tt.want)
		}
	}
}

// A ratio is within a round: a round in which one of the two did not count is left out.
func TestRatio(t *testing.T) {
	runs := []Run{{Round: 0, Rate: 80}, {Round: 1, Rate: 20}, {Round: 2, Rate: 7}, {Round: 3, Rate: 5, Error: "x"}}
	over := []Run{{Round: 1, Rate: 40}, {Round: 0, Rate: 100}, {Round: 2, Rate: 1, Error: "x"}, {Round: 3, Rate: 5}}
	if got, want := ratio(runs, over, rateOf), (Sample{0.65, 0.5, 0.8, 2}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestBudgets(t *testing.T) {
	run := func(row string, m Run) Run {
		m.Comparison, m.Row, m.Requests = "X", row, 10
		return m
	}
	results := Results{Runs: []Run{
		run("mine", Run{Rate: 30, Measured: Measured{Reconciled: true, Duplicated: 1, Lag: &Quantiles{1, 2}}}),
		run("slow", Run{Rate: 5}), run("fast", Run{Rate: 10}),
		run("paced", Run{Rate: 10_020}),
	}}
	for _, tt := range []struct {
		budget Budget
		median float64
		met    bool
	}{
		{Budget{Row: "mine", Figure: "rate", Bound: 30}, 30, true},
		{Budget{Row: "mine", Over: []string{"slow", "fast", "absent"}, Figure: "rate", Bound: 4}, 3, false},
		{Budget{Row: "mine", Figure: "lag_p99", Bound: 2, Upper: true}, 2, true},
		{Budget{Row: "mine", Figure: "lost", Upper: true}, 1, false},
		{Budget{Row: "slow", Figure: "lost", Upper: true}, 10, false}, // not compared: all may be lost
		{Budget{Row: "paced", Figure: "rate_error", Bound: 0.1, Upper: true}, 0.2, false},
	} {
		s := tt.budget.measured(results, "X")
		if d := s.Median - tt.median; d > 1e-9 || d < -1e-9 || tt.budget.met(s) != tt.met {
			t.Errorf("%+v: %+v, met %v", tt.budget, s, tt.budget.met(s))
		}
	}
	results.Runs[0].CPU, results.Runs[0].ServerCPU = 1, 2 // of "mine", then of "fast"
	results.Runs[2].CPU, results.Runs[2].ServerCPU = 4, 2
	if s := (Budget{Row: "mine", Over: []string{"slow", "fast"}}).byCPU(results, "X"); s.Median != 2 {
		t.Errorf("by CPU time: %+v, want 2", s)
	}
	if s := (Budget{Row: "mine", Over: []string{"absent"}}).measured(results, "X"); s.Rounds != 0 {
		t.Errorf("%+v, want nothing", s)
	}
}

// Every name in a budget and a reference is a row.
func TestComparisonsNameTheirRows(t *testing.T) {
	tools := map[string]bool{"hookrig": true, "sink": true, "signed": true}
	for _, w := range toolsWanted {
		tools[w.name] = true
	}
	for _, c := range comparisons() {
		rows := map[string]bool{"": true}
		for _, row := range c.Rows {
			if rows[row.Key] {
				t.Errorf("%s: two rows %q", c.Key, row.Key)
			}
			rows[row.Key] = true
			if !tools[row.Generator.Tool] || !tools[row.Server.Tool] {
				t.Errorf("%s: row %s uses %s and %s, of which nobody knows one", c.Key, row.Key, row.Generator.Tool, row.Server.Tool)
			}
		}
		for _, row := range c.Rows {
			if !rows[row.Over] || (row.Over == "") != (c.Reference == "") {
				t.Errorf("%s: row %q is divided by %q", c.Key, row.Key, row.Over)
			}
		}
		for _, b := range c.Budgets {
			for _, key := range append(b.Over, b.Row) {
				if !rows[key] {
					t.Errorf("%s: there is no row %q", c.Key, key)
				}
			}
		}
	}
}
