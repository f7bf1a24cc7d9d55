package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/scenarios"
)

// The live view shows the step, the attempts and the time left of every running scenario, in one
// line that fits, and removes the line before a report is printed.
func TestLive(t *testing.T) {
	var out bytes.Buffer
	at := time.Date(2026, 1, 15, 9, 0, 0, 0, time.UTC)
	l := &live{w: World{Stderr: terminal.NewWriter(&out)}, width: 80, now: func() time.Time { return at }}
	last := func() string {
		lines := strings.Split(out.String(), "\r")
		return lines[len(lines)-1]
	}
	l.progress(scenarios.Progress{Scenario: "duplicate", Step: "once", Number: 2, Of: 6})
	if got, want := last(), "duplicate 2/6 once"; got != want {
		t.Errorf("want %q, got %q", want, got)
	}
	l.progress(scenarios.Progress{Scenario: "forged", Step: "a", Number: 1, Of: 3, Attempts: 4, Deadline: at.Add(28 * time.Second)})
	if got, want := last(), "duplicate 2/6 once; forged 1/3 a, attempts: 4, 28s left"; got != want {
		t.Errorf("want %q, got %q", want, got)
	}
	l.progress(scenarios.Progress{Scenario: "third", Step: strings.Repeat("x", 70), Number: 1, Of: 3})
	if got, want := last(), "duplicate 2/6 once; forged 1/3 a, attempts: 4, 28s left"; got != want {
		t.Errorf("a line that is too long: want %q, got %q", want, got)
	}
	l.clear("duplicate")
	if got := last(); got != "" || !strings.HasSuffix(out.String(), "\r"+strings.Repeat(" ", 55)+"\r") {
		t.Errorf("the line was not removed: %q", out.String())
	}
	l.progress(scenarios.Progress{Scenario: "forged", Step: "b", Number: 2, Of: 3, Done: &scenarios.StepReport{}, Deadline: at})
	if got, want := last(), "1 done  forged 2/3 b"; strings.TrimRight(got, " ") != want {
		t.Errorf("want %q, got %q", want, got)
	}
	l.running = l.running[1:]
	l.show()
	if got := strings.TrimRight(last(), " "); len([]rune(got)) >= 80 || !strings.HasSuffix(got, "…") {
		t.Errorf("%q", got)
	}
	var none *live
	none.clear("x")
	none.end()
	if newLive(World{Stderr: terminal.NewWriter(&out)}) != nil {
		t.Error("a live view without a terminal")
	}
}
