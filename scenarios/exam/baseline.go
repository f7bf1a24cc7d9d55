package exam

import (
	"fmt"
	"strings"
)

// inBaseline is why a failure does not count that a former report has too.
const inBaseline = "it failed in the baseline too"

// ApplyBaseline compares the report with a former one. Failures that both have do not count any
// more. Notes name the checks that failed before and pass now.
func (r *Report) ApplyBaseline(before Report) {
	failed := map[string]bool{}
	for _, c := range before.Checks {
		failed[c.ID] = c.Result == Fail
	}
	var mended []string
	for i := range r.Checks {
		c := &r.Checks[i]
		switch {
		case !failed[c.ID]:
		case c.Result == Fail && c.Known == "":
			c.Known = inBaseline
		case c.Result == Pass:
			mended = append(mended, c.ID)
		}
	}
	if len(mended) > 0 {
		r.Notes = append(r.Notes[:len(r.Notes):len(r.Notes)], fmt.Sprintf("failed in the baseline, and pass now: %s", strings.Join(mended, ", ")))
	}
}
