package scenarios

import (
	"errors"
	"strings"
	"testing"
)

const paramScenario = `
params:
  count: {type: int, default: 3, description: How many.}
  base: {type: text}
  fast: true
  pause: {type: duration, default: 2s}
  rate: 1.5
  from_env: "${env:FROM:-x}"
steps:
  - {id: sub, subscribe: {}}
  - id: a
    deliver: {event: "Pass:Created", times: "${params.count}", parallel: "${params.fast}", set: {/passId: "${params.base} ${params.rate} ${params.from_env}"}}
    expect: {captures: {count: "${params.count}", where: '.body.passId == "b ${params.rate} ${params.from_env}"'}}
  - {id: later, advance: "${params.pause}"}
`

// TestParams checks the values of parameters and what is said of wrong ones.
func TestParams(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		given map[string]string
		says  string // "" is a run that passes
	}{
		"defaults":           {map[string]string{"base": "b"}, ""},
		"all":                {map[string]string{"base": "b", "count": "2", "fast": "false", "pause": "1h", "rate": "3", "from_env": "y"}, ""},
		"one without value":  {nil, "parameter base of scenario test has no value: give it one with --param base=TEXT"},
		"an unknown one":     {map[string]string{"base": "b", "coutn": "2"}, `scenario test has no parameter "coutn": did you mean "count"?`},
		"a text as a number": {map[string]string{"base": "b", "count": "many"}, `parameter count of scenario test: expected a whole number, found "many"`},
		"a fraction":         {map[string]string{"base": "b", "count": "1.5"}, "expected a whole number"},
		"a word as a switch": {map[string]string{"base": "b", "fast": "yes"}, "expected true or false"},
		"no unit":            {map[string]string{"base": "b", "pause": "5"}, "expected a duration such as 250ms, 30s, 5m or 2d"},
		"no number":          {map[string]string{"base": "b", "rate": "x"}, "expected a number"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := shopScenario(t, paramScenario)
			report, err := play(t, s, Options{Params: c.given})
			if c.says == "" {
				if err != nil || report.Status != Passed {
					t.Errorf("%v\n%s", err, text(t, report))
				}
				return
			}
			if !errors.Is(err, ErrParam) || !strings.Contains(err.Error(), c.says) || report.Status != Errored {
				t.Errorf("want %q, got %v", c.says, err)
			}
			if checked := s.CheckParams(c.given); checked == nil || !strings.Contains(checked.Error(), c.says) {
				t.Errorf("%v", checked)
			}
		})
	}
	s := shopScenario(t, paramScenario)
	report, err := play(t, s, Options{Params: map[string]string{"base": "a b"}})
	if err != nil || !strings.Contains(report.Repeat, "--param 'base=a b'") {
		t.Errorf("%v, %s", err, report.Repeat)
	}
}
