package burst

import (
	"fmt"
	"io"

	"github.com/hookrig/hookrig/internal/junit"
)

// WriteJUnit writes JUnit XML with a test case for each threshold, and for each condition that
// holds without thresholds. A threshold whose value is not known is an error, not a failure.
func (r *Report) WriteJUnit(w io.Writer) error {
	took := junit.Seconds(1000 * r.Seconds)
	suite := junit.Suite{
		Name: "burst", Time: took, Timestamp: junit.Timestamp(r.Start),
		Properties: []junit.Property{
			{Name: "seed", Value: fmt.Sprint(r.Seed)}, {Name: "rate", Value: fmt.Sprintf("%.1f", r.Rate)}, {Name: "shape", Value: r.Shape.String()},
		},
	}
	for _, c := range r.Conditions() {
		test := junit.Case{Name: c.Name, Class: "burst", Time: took}
		switch {
		case c.OK:
		case c.Unknown:
			test.Error = &junit.Result{Message: junit.Clean(c.Text), Type: "inconclusive"}
		default:
			test.Failure = &junit.Result{Message: junit.Clean(c.Text), Type: "failed"}
		}
		suite.Cases = append(suite.Cases, test)
	}
	return junit.Write(w, junit.Suites{Name: "hookrig burst", Time: took, Suites: []junit.Suite{suite}})
}
