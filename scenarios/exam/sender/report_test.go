package sender_test

import (
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/scenarios/exam"
	"github.com/hookrig/hookrig/scenarios/exam/sender"
)

// A report says what is wrong, shows the attempts, and how to fix it.
func TestReports(t *testing.T) {
	t.Parallel()
	p, err := fixtures.Builtin().Provider("standard-webhooks")
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		r := simulate(t, p, habits{badRetrySignature: true, hurries: true, impatient: 3 * time.Second, noUserAgent: true})
		var text, js, junit strings.Builder
		for _, err := range []error{exam.WriteText(&text, r, exam.TextOptions{}), exam.WriteJSON(&js, r), exam.WriteJUnit(&junit, r)} {
			if err != nil {
				t.Fatal(err)
			}
		}
		golden(t, "report.txt", text.String())
		golden(t, "report.json", js.String())
		golden(t, "report.xml", junit.String())
		var back exam.Report
		if err := json.Unmarshal([]byte(js.String()), &back); err != nil || len(back.Checks) != len(sender.Checks()) {
			t.Errorf("%d checks, %v", len(back.Checks), err)
		}
		if err := xml.Unmarshal([]byte(junit.String()), new(struct{ XMLName xml.Name })); err != nil {
			t.Error(err)
		}
	})
}

// Every check says what it is about.
func TestChecksAreWhole(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range sender.Checks() {
		if c.ID == "" || c.Title == "" || c.Level == "" || c.Theme == "" || c.Matters == "" || c.Fix == "" || seen[c.ID] {
			t.Errorf("%+v is not whole, or there twice", c)
		}
		seen[c.ID] = true
	}
}
