package burst

import (
	"encoding/xml"
	"fmt"
	"io"
)

// The elements of JUnit XML that WriteJUnit uses.
type (
	junitSuite struct {
		XMLName    xml.Name        `xml:"testsuite"`
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Time       string          `xml:"time,attr"`
		Timestamp  string          `xml:"timestamp,attr"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Name    string       `xml:"name,attr"`
		Class   string       `xml:"classname,attr"`
		Time    string       `xml:"time,attr"`
		Failure *junitResult `xml:"failure,omitempty"`
		Error   *junitResult `xml:"error,omitempty"`
	}
	junitResult struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
	}
)

// WriteJUnit writes JUnit XML with a test case for each threshold, and for each condition that
// holds without thresholds. A threshold whose value is not known is an error, not a failure.
func (r *Report) WriteJUnit(w io.Writer) error {
	suite := junitSuite{
		Name: "burst", Time: fmt.Sprintf("%.3f", r.Seconds), Timestamp: r.Start.UTC().Format("2006-01-02T15:04:05"),
		Properties: []junitProperty{{"seed", fmt.Sprint(r.Seed)}, {"rate", fmt.Sprintf("%.1f", r.Rate)}, {"shape", r.Shape.String()}},
	}
	for _, c := range r.Conditions() {
		test := junitCase{Name: c.Name, Class: "burst", Time: suite.Time}
		switch {
		case c.OK:
		case c.Unknown:
			suite.Errors++
			test.Error = &junitResult{c.Text, "inconclusive"}
		default:
			suite.Failures++
			test.Failure = &junitResult{c.Text, "failed"}
		}
		suite.Cases = append(suite.Cases, test)
	}
	suite.Tests = len(suite.Cases)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(suite); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
