package matchers_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"
	"github.com/onsi/gomega/format"
	"github.com/onsi/gomega/types"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/internal/terminal"
	. "github.com/hookrig/hookrig/suites/matchers"
)

// A matcher is called in messages what it is called in the test, also by Gomega itself.
func TestNames(t *testing.T) {
	t.Parallel()
	own, err := fixtures.Builtin().Provider("stripe")
	if err != nil {
		t.Fatal(err)
	}
	for want, m := range map[string]types.GomegaMatcher{
		`HaveReceived()`: HaveReceived(),
		`HaveReceived(BeSignedBy("stripe"), HaveBody("x")).Times(2)`:  HaveReceived(BeSignedBy(own, "s3cret"), HaveBody("x")).Times(2),
		`HaveReceived().AtLeast(2)`:                                   HaveReceived().AtLeast(2),
		`HaveReceived().AtLeast(0).AtMost(2)`:                         HaveReceived().AtMost(2),
		`HaveReceivedInOrder(HaveBody("a"), HaveBody("b"))`:           HaveReceivedInOrder(HaveBody("a"), HaveBody([]byte("b"))),
		`BeEvent("stripe", HavePrefix("invoice."))`:                   BeEvent(own, gomega.HavePrefix("invoice.")),
		`HaveHeader("A", "b", Not(BeEmpty()))`:                        HaveHeader("A", "b", gomega.Not(gomega.BeEmpty())),
		`HaveJSON(".body.a", And(BeNumerically(">", 1), HaveLen(2)))`: HaveJSON(".body.a", gomega.And(gomega.BeNumerically(">", 1), gomega.HaveLen(2))),
		`HaveJSON(".body.a", ContainElement(Equal("x")))`:             HaveJSON(".body.a", gomega.ContainElement(gomega.Equal("x"))),
		`HaveJSON(".body.a", Satisfy(func))`:                          HaveJSON(".body.a", gomega.Satisfy(func(any) bool { return true })),
		`MatchSchema("stripe")`:                                       MatchSchema(own),
		`BeDelivered()`:                                               BeDelivered(),
		`BeRefused()`:                                                 BeRefused(),
		`BeRefused(401, "4xx")`:                                       BeRefused(401, "4xx"),
		`BeExhausted()`:                                               BeExhausted(),
		`HaveAttempts(500, "5xx", BeNumerically("<", 300))`:           HaveAttempts(500, "5xx", gomega.BeNumerically("<", 300)),
		`FollowSchedule(10s, 48h0m0s).Within(1s)`:                     FollowSchedule("10s", "2d").Within(time.Second),
		`FollowSchedule()`:                                            FollowSchedule(),
		`Pass()`:                                                      Pass(),
	} {
		if got := fmt.Sprint(m); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if got := format.Object(m, 0); !strings.HasSuffix(got, want) {
			t.Errorf("Gomega writes %s, want %s", got, want)
		}
	}
}

// A failure is read on a terminal: what was received steers nothing there, and the target tells no
// secret.
func TestFailuresSteerNothing(t *testing.T) {
	t.Parallel()
	const bad = "\x1b]52;c;aGk=\x07\u009b31m\x9b\u202e\rx"
	c := capture("c1", "{\"a\":"+`"\u001b[31m\u009b\u202e"`+"}")
	c.Method, c.Target, c.Problems = "P"+bad, "/in"+bad+"?token=hush", []string{bad}
	c.Headers.Add("X-Bad"+bad, bad)
	d := delivery("exhausted", 500)
	d.Event.Name, d.URL = "Pass"+bad, "http://127.0.0.1/?token=hush"+bad
	d.Attempts[0].Response.Body = []byte(bad)
	for _, m := range []types.GomegaMatcher{
		HaveReceived(HaveJSON(".body.a", bad)), HaveReceived(), HaveReceivedInOrder(HaveJSON(".body.a", bad)), HaveReceivedInOrder(HaveHeader("X-Bad" + bad)),
		HaveJSON(".body.a", bad), HaveBody(bad), HaveHeader("X-Bad"+bad, "x"), HaveHeader("X-Good"), BeEvent("neostore", gomega.HavePrefix(bad)),
		BeSignedBy("neostore", "s"), MatchSchema("neostore"), MatchSchema([]byte(`{"title":"\u001b","properties":{"a":{"maxLength":1}}}`)),
		FollowSchedule("1s").Within(1),
	} {
		steersNothing(t, m, c)
	}
	for _, m := range []types.GomegaMatcher{BeDelivered(), BeExhausted(), BeRefused(), HaveAttempts(500, 200), FollowSchedule("1s"), BeEvent("neostore", gomega.HavePrefix("Pass"))} {
		steersNothing(t, m, d)
	}
	steersNothing(t, Pass(), fakeReport{false, bad})
	if _, err := HaveJSON(".body.a, .body.a", 1).Match(c); err == nil || terminal.Text(err.Error()) != err.Error() {
		t.Errorf("%q", err)
	}
}

func steersNothing(t *testing.T, m types.GomegaMatcher, actual any) {
	t.Helper()
	matched, err := m.Match(actual)
	if err != nil {
		t.Errorf("%s: %v", m, err)
		return
	}
	text := m.FailureMessage(actual)
	if matched {
		text = m.NegatedFailureMessage(actual)
	}
	if text += fmt.Sprint(m); terminal.Text(text) != text || strings.Contains(text, "hush") {
		t.Errorf("%T: %q", m, text)
	}
}
