package hookrig

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/testcontainers/testcontainers-go/exec"
)

// ScenarioRun is the result of RunScenario.
type ScenarioRun struct {
	// ExitCode is that of hookrig run: 0 passed, 1 the consumer is wrong, 2 a file or an argument
	// is wrong, 3 something could not be checked.
	ExitCode int
	// Reports are the results, one for each scenario, in order; empty for exit code 2.
	Reports []ScenarioReport
	// JSON is the whole report, with all that the program found. Decode it into []scenarios.Report
	// to read it.
	JSON []byte
	// Log is what the program said besides the report, such as what is wrong in a file.
	Log string
}

// Passed reports whether every scenario passed.
func (r *ScenarioRun) Passed() bool { return r.ExitCode == 0 }

// String says which steps did not pass, and why.
func (r *ScenarioRun) String() string {
	var b strings.Builder
	for _, report := range r.Reports {
		fmt.Fprintf(&b, "%s: %s (seed %d)\n", report.Scenario, report.Status, report.Seed)
		for _, step := range report.Steps {
			if step.Status != "passed" && step.Status != "skipped" {
				fmt.Fprintf(&b, "  %s: %s: %s\n", step.ID, step.Status, step.Detail)
			}
		}
	}
	b.WriteString(r.Log)
	return strings.TrimRight(b.String(), "\n")
}

// ScenarioReport is the result of one scenario.
type ScenarioReport struct {
	// Scenario is its name.
	Scenario string `json:"scenario"`
	// Seed repeats the run with the same bytes.
	Seed uint64 `json:"seed"`
	// Status is passed, failed, inconclusive or error: the worst of the steps.
	Status string `json:"status"`
	// Steps are the results of the steps, in order.
	Steps []StepReport `json:"steps"`
}

// StepReport is the result of one step.
type StepReport struct {
	// ID is the step's, as in the file.
	ID string `json:"id"`
	// Status is passed, failed, inconclusive, error or skipped.
	Status string `json:"status"`
	// Detail says what was done and found, or what is wrong.
	Detail string `json:"detail"`
}

// RunScenario plays scenarios in the container and returns their reports. The arguments are those
// of hookrig run: names of files of WithScenarios, names of scenarios that come with hookrig, and
// flags:
//
//	run, err := server.RunScenario(ctx, "duplicate", "--target", "http://consumer:3000/hooks", "--secret", secret)
//
// Without arguments it plays all files of WithScenarios. The scenarios run on servers of their own,
// with their own clocks, so several can run at the same time, and what they send is not on the
// dashboard; "--server", "http://127.0.0.1:8080" plays them on this one.
//
// A consumer that is wrong is no error: see ExitCode. It returns an error if the program could not
// be run.
func (c *Container) RunScenario(ctx context.Context, args ...string) (*ScenarioRun, error) {
	command := []string{"/hookrig", "run", "--json", "-"}
	var how []exec.ProcessOption
	if c.settings.scenarios {
		how = append(how, exec.WithWorkingDir(scenarioDir))
		if len(args) == 0 {
			args = []string{"."}
		}
	}
	code, out, err := c.Exec(ctx, append(command, args...), how...)
	if err != nil {
		return nil, fmt.Errorf("run the scenarios %q: %w", args, err)
	}
	var stdout, stderr bytes.Buffer
	if _, err := stdcopy.StdCopy(&stdout, &stderr, out); err != nil {
		return nil, fmt.Errorf("run the scenarios %q: read what the program wrote: %w", args, err)
	}
	run := &ScenarioRun{ExitCode: code, JSON: stdout.Bytes(), Log: stderr.String()}
	if len(run.JSON) == 0 && code != 0 {
		return run, nil // a wrong file or argument
	}
	if err := json.Unmarshal(run.JSON, &run.Reports); err != nil {
		return nil, fmt.Errorf("run the scenarios %q: exit code %d, and the report is not the expected JSON: %w\n%s%s", args, code, err, stdout.Bytes(), run.Log)
	}
	return run, nil
}
