// Package junit writes JUnit XML, the format in which CI systems read test results.
package junit

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/hookrig/hookrig/internal/terminal"
)

// Suites is the root element. Write counts its tests.
type Suites struct {
	XMLName  xml.Name `xml:"testsuites"`
	Name     string   `xml:"name,attr"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Errors   int      `xml:"errors,attr"`
	Time     string   `xml:"time,attr"` // see Seconds
	Suites   []Suite  `xml:"testsuite"`
}

// Suite is a group of test cases. Write counts them.
type Suite struct {
	Name       string     `xml:"name,attr"`
	File       string     `xml:"file,attr,omitempty"`
	Tests      int        `xml:"tests,attr"`
	Failures   int        `xml:"failures,attr"`
	Errors     int        `xml:"errors,attr"`
	Skipped    int        `xml:"skipped,attr"`
	Time       string     `xml:"time,attr"`                // see Seconds
	Timestamp  string     `xml:"timestamp,attr,omitempty"` // see Timestamp
	Hostname   string     `xml:"hostname,attr,omitempty"`
	Properties []Property `xml:"properties>property"`
	Cases      []Case     `xml:"testcase"`
}

// Property is a fact about a suite.
type Property struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

// Case is one test. It has succeeded if Failure, Error and Skipped are nil.
type Case struct {
	Name    string  `xml:"name,attr"`
	Class   string  `xml:"classname,attr"`
	Time    string  `xml:"time,attr"` // see Seconds
	Failure *Result `xml:"failure"`   // what was tested is wrong
	Error   *Result `xml:"error"`     // it could not be tested
	Skipped *Result `xml:"skipped"`
	Output  string  `xml:"system-out,omitempty"`
}

// Result says why a test has not succeeded.
type Result struct {
	Message string `xml:"message,attr,omitempty"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// Write counts the tests and writes them. Texts must be clean: see Clean.
func Write(w io.Writer, all Suites) error {
	for i := range all.Suites {
		s := &all.Suites[i]
		s.count()
		all.Tests += s.Tests
		all.Failures += s.Failures
		all.Errors += s.Errors
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (s *Suite) count() {
	s.Tests = len(s.Cases)
	for i := range s.Cases {
		switch c := &s.Cases[i]; {
		case c.Failure != nil:
			s.Failures++
		case c.Error != nil:
			s.Errors++
		case c.Skipped != nil:
			s.Skipped++
		}
	}
}

// Seconds returns a duration in milliseconds in the form of a time attribute.
func Seconds(ms float64) string { return fmt.Sprintf("%.3f", ms/1000) }

// Timestamp returns t in the form of a timestamp attribute, in UTC.
func Timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05") }

// Clean escapes control sequences, which could change the log of a CI system, and replaces
// characters that XML 1.0 does not allow.
func Clean(text string) string {
	return strings.NewReplacer("\ufffe", "\ufffd", "\uffff", "\ufffd").Replace(terminal.Text(text))
}
