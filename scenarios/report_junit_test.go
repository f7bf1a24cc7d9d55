package scenarios

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/internal/junit"
)

// junitRule lists the attributes and children that an element of a JUnit report may have, from
// junit-10.xsd of Jenkins' xUnit plugin.
type junitRule struct {
	required, optional []string // attributes
	children           []string
	text               bool
}

func junitRules() map[string]junitRule {
	result := junitRule{optional: []string{"type", "message"}, text: true}
	return map[string]junitRule{
		"testsuites": {optional: []string{"name", "time", "tests", "failures", "errors"}, children: []string{"testsuite"}},
		"testsuite": {
			required: []string{"name", "tests", "failures", "errors"},
			optional: []string{"group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"},
			children: []string{"testsuite", "properties", "testcase", "system-out", "system-err"},
		},
		"properties": {children: []string{"property"}},
		"property":   {required: []string{"name", "value"}},
		"testcase": {
			required: []string{"name"}, optional: []string{"time", "classname", "group"},
			children: []string{"skipped", "error", "failure", "system-out", "system-err"},
		},
		"failure": result, "error": result, "skipped": result,
		"system-out": {text: true}, "system-err": {text: true},
	}
}

// surefireTime is the format of a suite's time.
var surefireTime = regexp.MustCompile(`^(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]{0,3})?$`)

func TestJUnitSchema(t *testing.T) {
	list := reports()
	list[0].Started, list[0].Target = time.Unix(1, 0), "http://127.0.0.1:3000/a?b=\x00"
	list[1].Steps[0].Exchanges = []Exchange{{Name: "attempt 1", RequestText: "POST / HTTP/1.1\n\x0b", ResponseText: "500 ]]>"}}
	list[1].TookMS = 1234567.8912
	var b bytes.Buffer
	if err := WriteJUnit(&b, list); err != nil {
		t.Fatal(err)
	}
	decoder, rules := xml.NewDecoder(&b), junitRules()
	var open []string
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			name := token.Name.Local
			rule, known := rules[name]
			if !known {
				t.Fatalf("unknown element %s", name)
			}
			if len(open) > 0 && !slices.Contains(rules[open[len(open)-1]].children, name) {
				t.Errorf("%s may not stand in %s", name, open[len(open)-1])
			}
			var attributes []string
			for _, a := range token.Attr {
				attributes = append(attributes, a.Name.Local)
				if !slices.Contains(rule.required, a.Name.Local) && !slices.Contains(rule.optional, a.Name.Local) {
					t.Errorf("%s may not have the attribute %s", name, a.Name.Local)
				}
				if a.Name.Local == "time" && !surefireTime.MatchString(a.Value) {
					t.Errorf("time %q of %s", a.Value, name)
				}
			}
			for _, want := range rule.required {
				if !slices.Contains(attributes, want) {
					t.Errorf("%s has no attribute %s", name, want)
				}
			}
			open = append(open, name)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 && len(bytes.TrimSpace(token)) > 0 && !rules[open[len(open)-1]].text {
				t.Errorf("text in %s: %q", open[len(open)-1], token)
			}
		}
	}
}

// TestJUnitRows checks that each row of a table is a test suite, and each row of a step's table a
// test case.
func TestJUnitRows(t *testing.T) {
	t.Parallel()
	s := read(t, "rows: [{name: first}, {name: second}]\nsteps:\n  - id: sub\n    subscribe: {provider: neostore}\n  - id: one\n    each: {event: ['Pass:Created', 'Pass:Installed']}\n    deliver: {provider: neostore, event: '${each.event}'}\n")
	var list []Report
	for _, one := range s.Cases() {
		report, err := play(t, one, Options{})
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, report)
	}
	var b bytes.Buffer
	if err := WriteJUnit(&b, list); err != nil {
		t.Fatal(err)
	}
	var back junit.Suites
	if err := xml.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, suite := range back.Suites {
		for _, c := range suite.Cases {
			names = append(names, c.Class+" "+c.Name)
		}
	}
	want := []string{
		"test/first sub", "test/first one/Pass:Created", "test/first one/Pass:Installed",
		"test/second sub", "test/second one/Pass:Created", "test/second one/Pass:Installed",
	}
	if !slices.Equal(names, want) {
		t.Errorf("want %q, got %q", want, names)
	}
	if output := back.Suites[0].Cases[1].Output; !strings.Contains(output, "attempt 1 after 0s: 200 OK in ") || !strings.Contains(output, "\nPOST /") {
		t.Errorf("no exchange in the output: %s", output)
	}
}
