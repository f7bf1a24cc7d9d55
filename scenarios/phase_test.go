package scenarios

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hookrig/hookrig/mockserver"
)

// results returns the steps of a report: id and status.
func results(r Report) string {
	var list []string
	for _, s := range r.Steps {
		list = append(list, s.ID+" "+string(s.Status))
	}
	return strings.Join(list, ", ")
}

// TestTeardown checks that the teardown runs whatever happened before, and what is skipped.
func TestTeardown(t *testing.T) {
	t.Parallel()
	const last = "\nteardown:\n  - id: last\n    call: {url: '${target.origin}/orders/42', method: DELETE}\n"
	for name, c := range map[string]struct {
		text string
		want string
		says string
	}{
		"all passed": {
			"setup:\n  - id: first\n    call: {url: '${target.origin}/orders/42'}\nsteps:\n  - {id: a, advance: 1s}" + last,
			"first passed, a passed, last passed", "",
		},
		"a failed step": {
			"steps:\n  - id: a\n    call: {url: '${target.origin}/broken'}\n  - {id: b, advance: 1s}" + last,
			"a failed, b passed, last passed", "",
		},
		"a failed setup": {
			"setup:\n  - id: first\n    call: {url: '${target.origin}/broken'}\n  - {id: second, advance: 1s}\nsteps:\n  - {id: a, advance: 1s}" + last,
			"first failed, second passed, a skipped, last passed", "not run: the setup did not pass",
		},
		"an error": {
			"steps:\n  - id: a\n    call: {url: 'http://127.0.0.1:1/'}\n  - {id: b, advance: 1s}" + last,
			"a error, b skipped, last passed", "no consumer at http://127.0.0.1:1/",
		},
		"an error in the setup": {
			"setup:\n  - id: first\n    call: {url: 'http://127.0.0.1:1/'}\n  - {id: second, advance: 1s}\nsteps:\n  - {id: a, advance: 1s}" + last,
			"first error, second skipped, a skipped, last passed", "",
		},
		"a time limit of a step": {
			"steps:\n  - id: a\n    timeout: 10ms\n    call: {url: '${target.origin}/hangs'}\n  - {id: b, advance: 1s}" + last,
			"a inconclusive, b skipped, last passed", "not run: the time limit of the step, 10ms, was reached in step a",
		},
		"a time limit of the scenario": {
			"timeout: 20ms\nsteps:\n  - id: a\n    call: {url: '${target.origin}/hangs'}\n  - {id: b, advance: 1s}" + last,
			"a inconclusive, b skipped, last passed", "the time limit of the scenario, 20ms, was reached",
		},
		"an error in a row": {
			"steps:\n  - id: a\n    each: {at: ['${target.origin}/orders/42', 'http://127.0.0.1:1/', '${target.origin}/broken']}\n    call: {url: '${each.at}'}" + last,
			"", "not run: an earlier error ended the run",
		},
		"what did not run": {
			"steps:\n  - id: a\n    call: {url: 'http://127.0.0.1:1/'}\n    save: {at: .body}\nteardown:\n  - id: x\n    call: {url: '${target.origin}/${steps.a.at}'}\n  - {id: y, advance: 1s}\n",
			"a error, x skipped, y passed", "skipped: step a, which it refers to, did not end",
		},
		"a failed teardown": {
			"steps:\n  - {id: a, advance: 1s}\nteardown:\n  - id: x\n    call: {url: '${target.origin}/broken'}\n  - {id: y, advance: 1s}\n",
			"a passed, x failed, y passed", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, url := newShop(t)
			report, err := play(t, shopScenario(t, c.text), Options{Target: url})
			if c.want == "" {
				c.want = "a/" + url + "/orders/42 passed, a/http://127.0.0.1:1/ error, a/" + url + "/broken skipped, last passed"
			}
			if got := results(report); got != c.want || !strings.Contains(unfolded(t, report), c.says) {
				t.Errorf("want %s, %q, got %s, %v\n%s", c.want, c.says, got, err, text(t, report))
			}
			if (err != nil) != strings.Contains(c.want, "error") {
				t.Error(err)
			}
		})
	}
}

// TestTeardownAfterAnInterrupt checks that the teardown runs after an interrupt, and within its own
// time limit.
func TestTeardownAfterAnInterrupt(t *testing.T) {
	t.Parallel()
	shop, url := newShop(t)
	s := shopScenario(t, "steps:\n  - id: a\n    call: {url: '${target.origin}/hangs'}\nteardown:\n  - id: last\n    call: {url: '${target.origin}/orders/42', method: DELETE}\n")
	ctx, cancel := context.WithCancel(t.Context())
	progress := func(p Progress) {
		if p.Step == "a" && p.Done == nil {
			cancel()
		}
	}
	report, err := Run(ctx, mockserver.StartT(t).Client(), s, Options{Target: url, Progress: progress})
	if !errors.Is(err, context.Canceled) || results(report) != "a error, last passed" || !strings.Contains(shop.seen(), "DELETE /orders/42") {
		t.Errorf("%v, %s", err, text(t, report))
	}
	if after, _ := withLimit(context.WithoutCancel(ctx), Duration(teardownLimit), "of the teardown"); after.Err() != nil {
		t.Error("the teardown cannot run")
	}
}

// TestTimeLimitIsNoFailure checks that a failed check of a step that reached its time limit is not
// a failure of the consumer, and that an expectation that the consumer is too slow for is one.
func TestTimeLimitIsNoFailure(t *testing.T) {
	t.Parallel()
	_, url := newShop(t)
	file := "hookrig: 1\nname: test\ntarget: {bin: inbox}\nbins: {inbox: {}, other: {}}\nsteps:\n  - id: a\n    timeout: 30ms\n    call: {url: '${target.origin}/broken'}\n    expect:\n      - response: {status: 2xx}\n      - never: {bin: other, for: 5m}\n"
	limited, err := Parse("test.yaml", []byte(file), nil)
	if err != nil {
		t.Fatal(err)
	}
	report, err := play(t, limited, Options{Target: url})
	if err != nil || report.Status != Inconclusive || !strings.Contains(unfolded(t, report), "the time limit of the step, 30ms, was reached") || !strings.Contains(unfolded(t, report), "want status 2xx, got 500") {
		t.Errorf("%v\n%s", err, text(t, report))
	}
}

// TestLimits checks time limits of contexts.
func TestLimits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		outer, cancel := withLimit(t.Context(), Duration(time.Minute), "of the scenario")
		defer cancel()
		inner, stop := withLimit(outer, Duration(time.Second), "of the step")
		defer stop()
		if limitOf(inner) != nil {
			t.Error("a limit before its time")
		}
		<-inner.Done()
		if l := limitOf(inner); l == nil || l.Error() != "the time limit of the step, 1s, was reached" || limitOf(outer) != nil {
			t.Error(l)
		}
		<-outer.Done()
		free, end := withLimit(outer, 0, "of the step")
		defer end()
		if l := limitOf(free); l == nil || l.What != "of the scenario" {
			t.Error(l)
		}
		plain, cancelPlain := context.WithCancel(t.Context())
		cancelPlain()
		if limitOf(plain) != nil {
			t.Error("an interrupt is no limit")
		}
	})
}
