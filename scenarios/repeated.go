package scenarios

import (
	"fmt"
	"io"
	"strings"

	"github.com/hookrig/hookrig/internal/terminal"
)

// Repeated is the result of a scenario that was played several times.
type Repeated struct {
	Scenario string `json:"scenario"` // its name
	Runs     int    `json:"runs"`     // how often it was played
	Passed   int    `json:"passed"`   // number of runs that passed
	// NotPassed are the runs that did not pass, in order.
	NotPassed []RepeatedRun `json:"not_passed,omitempty"`
}

// RepeatedRun is a run that did not pass: its Seed and its Status.
type RepeatedRun struct {
	Seed   uint64 `json:"seed"`
	Status Status `json:"status"`
}

// Repeats returns the results of scenarios that were played several times, in the order of the
// reports.
func Repeats(reports []Report) []Repeated {
	var list []Repeated
	at := map[string]int{}
	for i := range reports {
		r := &reports[i]
		key := r.File + " " + r.Scenario
		if _, ok := at[key]; !ok {
			at[key] = len(list)
			list = append(list, Repeated{Scenario: r.Scenario})
		}
		one := &list[at[key]]
		one.Runs++
		if r.Status == Passed {
			one.Passed++
		} else {
			one.NotPassed = append(one.NotPassed, RepeatedRun{r.Seed, r.Status})
		}
	}
	return list
}

// WriteRepeats writes how many runs of each scenario passed, and the seeds of the others.
func WriteRepeats(w io.Writer, list []Repeated) error {
	out := terminal.NewWriter(w)
	out.Printf("\n")
	for _, one := range list {
		text := fmt.Sprintf("%s: %d of %s passed", one.Scenario, one.Passed, plural(one.Runs, "run"))
		var others []string
		for _, run := range one.NotPassed {
			others = append(others, fmt.Sprintf("%d (%s)", run.Seed, run.Status))
		}
		if len(others) > 0 {
			text += "; seeds of the others: " + strings.Join(others, ", ")
		}
		out.Printf("%s\n", text)
	}
	return out.Err()
}
