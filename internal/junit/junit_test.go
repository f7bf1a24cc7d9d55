package junit_test

import (
	"encoding/xml"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/internal/junit"
)

func TestWriteCountsTests(t *testing.T) {
	t.Parallel()
	why := &junit.Result{Message: junit.Clean("a \x1b[31mred\x1b[0m \uffff"), Type: "failed", Text: "<text> & ]]>"}
	suite := junit.Suite{Name: "one", Cases: []junit.Case{{Name: "good"}, {Name: "bad", Failure: why}, {Name: "odd", Error: why}, {Name: "left out", Skipped: why}, {Name: "bad too", Failure: why}}}
	var out strings.Builder
	if err := junit.Write(&out, junit.Suites{Name: "all", Suites: []junit.Suite{suite, suite}}); err != nil {
		t.Fatal(err)
	}
	var back junit.Suites
	if err := xml.Unmarshal([]byte(out.String()), &back); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if back.Tests != 10 || back.Failures != 4 || back.Errors != 2 {
		t.Errorf("%d tests, %d failures, %d errors: want 10, 4, 2", back.Tests, back.Failures, back.Errors)
	}
	one := back.Suites[0]
	if one.Tests != 5 || one.Failures != 2 || one.Errors != 1 || one.Skipped != 1 {
		t.Errorf("%d tests, %d failures, %d errors, %d skipped: want 5, 2, 1, 1", one.Tests, one.Failures, one.Errors, one.Skipped)
	}
	if got := one.Cases[1].Failure; got.Message != "a \\u001b[31mred\\u001b[0m \ufffd" || got.Text != why.Text {
		t.Errorf("%q, %q", got.Message, got.Text)
	}
}
