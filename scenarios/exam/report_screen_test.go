package exam

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// TestScreen compares the reports of consumers with golden files: each fits on one screen.
func TestScreen(t *testing.T) {
	t.Parallel()
	checks, err := Checks()
	if err != nil {
		t.Fatal(err)
	}
	for name, wrong := range map[string]func(c *Check) Verdict{
		"everything": func(*Check) Verdict { return Fail },
		"unsigned": func(c *Check) Verdict {
			if c.Theme == "signature" || c.Theme == "time" {
				return Fail
			}
			return Pass
		},
		"duplicates": func(c *Check) Verdict {
			if c.ID == "duplicate-sequential" {
				return Fail
			}
			return Pass
		},
		"nothing": func(*Check) Verdict { return Pass },
		"warned": func(c *Check) Verdict {
			return []Verdict{Fail, Warn}[len(c.ID)%2]
		},
		"unsure": func(c *Check) Verdict {
			return []Verdict{Fail, Inconclusive, Skipped}[len(c.ID)%3]
		},
	} {
		r := Report{URL: "http://127.0.0.1:3000/hooks", Provider: "stripe", Event: "customer.created", Seed: 7, Notes: []string{"a note"}}
		for i := range checks {
			c := &checks[i]
			one := Result{ID: c.ID, Title: c.Title, Level: c.Level, Theme: c.Theme, Result: wrong(c)}
			if one.Result != Pass {
				one.Why = "delivery of step one: want status 4xx, got 200\nand another\nand another"
				one.Command = "hookrig check http://127.0.0.1:3000/hooks stripe --only " + c.ID
			}
			switch one.Result {
			case Fail, Warn:
				one.Fix, one.Hint = c.Fix, c.Hint
			case Inconclusive, Skipped:
				one.Why = []string{"this", "that", "more", "and more", "and even more"}[i%5] + " is not there"
			}
			r.Add(one)
		}
		var b bytes.Buffer
		if err := WriteText(&b, r, TextOptions{}); err != nil {
			t.Fatal(err)
		}
		golden(t, "testdata/screen/"+name+".txt", b.String())
		if n := strings.Count(b.String(), "\n"); n >= 50 {
			t.Errorf("%s: the report has %d lines, which is more than a screen", name, n)
		}
		b.Reset()
		if err := WriteText(&b, r, TextOptions{All: true}); err != nil {
			t.Fatal(err)
		}
		for i := range r.Checks {
			if c := &r.Checks[i]; c.Result == Fail && !strings.Contains(b.String(), "again: "+c.Command+"\n") {
				t.Errorf("%s: --all does not tell the command that repeats %s", name, c.ID)
			}
		}
	}
}

// TestCurlInReports checks that each form of a report has the request of a failure as curl, or says
// why there is no such command.
func TestCurlInReports(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*Result){
		"--data-raw": func(*Result) {},
		"no command, as curl cannot send the request as it was sent": func(c *Result) { c.Curl = "" },
		"no command, as 7 bytes of the body are not in the report":   func(c *Result) { c.Curl, c.Exchange.RequestCut = "", 7 },
	} {
		r := sample()
		change(&r.Checks[slices.IndexFunc(r.Checks, func(c Result) bool { return c.Curl != "" })])
		for name, write := range map[string]func(*bytes.Buffer) error{
			"text":  func(b *bytes.Buffer) error { return WriteText(b, r, TextOptions{All: true}) },
			"html":  func(b *bytes.Buffer) error { return WriteHTML(b, r) },
			"junit": func(b *bytes.Buffer) error { return WriteJUnit(b, r) },
			"sarif": func(b *bytes.Buffer) error { return WriteSARIF(b, r) },
		} {
			var b bytes.Buffer
			if err := write(&b); err != nil || !strings.Contains(b.String(), want) {
				t.Errorf("%s: want %q: %v\n%s", name, want, err, b.String())
			}
		}
	}
}
