package conformance

import (
	"fmt"
	"strings"

	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/scenarios/exam"
)

// entryName is the name of the report entry of each check. Its value is an entry.
const entryName = "hookrig check"

// entry is the report of one check. A report entry has it, with the exchange and its exact bytes.
type entry exam.Report

func (e entry) result() *exam.Result { return &e.Checks[0] }

// String describes the result. Ginkgo shows it for the report entry.
func (e entry) String() string {
	r := e.result()
	return fmt.Sprintf("%s: %s", r.Result, describe(r))
}

// fails reports whether the result fails the test.
func fails(r *exam.Result) bool { return r.Result == exam.Fail && r.Known == "" }

// describe returns what was found, and the exchange.
func describe(r *exam.Result) string {
	text := r.Title + "\n" + r.Details()
	if r.Curl != "" {
		text += "\n\ncurl:\n" + r.Curl
	}
	if len(r.Sources) > 0 {
		text += "\n\nsources: " + strings.Join(r.Sources, ", ")
	}
	return terminal.Text(text)
}

// reason returns why a check that does not fail has not passed.
func reason(r *exam.Result) string {
	what := map[exam.Verdict]string{
		exam.Fail: "known to fail: " + r.Known, exam.Skipped: "left out: " + r.Why, exam.NotApplicable: "does not apply: " + r.Why,
	}[r.Result]
	if what == "" {
		what = fmt.Sprintf("%s: %s", r.Result, r.Why)
	}
	return terminal.Text(what)
}
