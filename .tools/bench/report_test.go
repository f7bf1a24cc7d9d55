package main

import (
	"flag"
	"os"
	"regexp"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden file")

// The report of some runs, with a tool that is missing, a run that does not count, and failures.
func TestReport(t *testing.T) {
	results := Results{
		Date:     time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Machine:  Machine{OS: "linux/amd64", Kernel: "Linux 6.1", Processor: "A Processor", Cores: 2, Memory: 8 << 30, Go: "go1.26", FsyncMS: 0.5},
		Settings: Settings{Rounds: 2, Seconds: 1, PacedSeconds: 10}, RequestBytes: 600, BodyBytes: 300,
		Tools: map[string]Tool{"hookrig": {Version: "abc"}, "wrk": {Version: "4.1.0"}, "k6": {Missing: "not on the PATH"}, "webhook-tester": {}},
	}
	for _, c := range comparisons() {
		for i, row := range c.Rows {
			if row.Generator.Tool == "k6" {
				continue
			}
			for round := range 2 {
				run := Run{
					Comparison: c.Key, Row: row.Key, Round: round, Command: row.Generator.Tool + " http://127.0.0.1:PORT/",
					ServerCommand: row.Server.Tool, CPU: 1, Memory: 20 << 20, ServerCPU: 2, ServerMemory: 40 << 20,
					Measured: Measured{Requests: uint64(100_000 / (i + 1)), Seconds: 1 + float64(round)/10},
				}
				if row.Generator.Tool == "hookrig" {
					run.Lag, run.Response, run.Reconciled = &Quantiles{0.1, 1.5}, &Quantiles{0.2, 2.5}, row.Server.Tool == "hookrig"
				}
				if row.Key == "hey" && round == 1 {
					run = Run{Comparison: c.Key, Row: row.Key, Round: round, Error: "hey: killed after 61s"}
				} else {
					run.Rate = run.accepted() / run.Seconds
				}
				if row.Key == "fortio" {
					run.Failed = 3
				}
				results.Runs = append(results.Runs, run)
			}
		}
	}
	got := report(results)
	const golden = "testdata/report.md"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the report differs from %s: go test -update writes it\n%s", golden, got)
	}
	if found := regexp.MustCompile(`NaN|Inf|%!`).FindString(got); found != "" {
		t.Errorf("the report has %s", found)
	}
}

// A part of the comparisons makes a report of that part.
func TestReportOfAPart(t *testing.T) {
	got := report(Results{Settings: Settings{Rounds: 1, Seconds: 1, Only: []string{"C"}}, Runs: []Run{{Comparison: "C", Row: "hookrig neostore", Error: "no"}}})
	if found := regexp.MustCompile(`(?m)^## [ABD]\.|NaN|Inf`).FindString(got); found != "" {
		t.Errorf("the report has %q:\n%s", found, got)
	}
	if report(Results{}) != "" {
		t.Error("a report without a run")
	}
}

func TestNumber(t *testing.T) {
	for x, want := range map[float64]string{
		0: "0", 0.0123: "0.012", 0.853: "0.85", 4.2: "4.20", 12.34: "12.3", 999.6: "1000", 12_345.6: "12 346", 1_234_567: "1 234 567",
	} {
		if got := number(x); got != want {
			t.Errorf("%g: %q, want %q", x, got, want)
		}
	}
}
