package matchers

import (
	"fmt"
	"strings"

	"github.com/onsi/gomega/types"

	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/mockserver"
)

// BeDelivered succeeds when the consumer accepted a delivery: its state is delivered. Of a list,
// each must be. The failure message shows every attempt with the consumer's response.
func BeDelivered() types.GomegaMatcher {
	return beInState("BeDelivered", mockserver.Delivered)
}

// BeExhausted succeeds when the last attempt of a delivery failed and no other follows: its state
// is exhausted. Of a list, each must be.
func BeExhausted() types.GomegaMatcher {
	return beInState("BeExhausted", mockserver.Exhausted)
}

func beInState(name string, want mockserver.State) types.GomegaMatcher {
	return &deliveryMatcher{name: name, to: "be " + string(want), check: func(d *mockserver.Delivery) finding {
		if d.State == want {
			return finding{}
		}
		return finding{why: "it is " + string(d.State), final: d.State != mockserver.Pending}
	}}
}

// BeRefused succeeds when the consumer refused a delivery: there was an attempt, and the response
// to each was a 4xx. With statuses each response must be one of them: 401, "4xx", or a matcher. Of
// a list, each delivery must be refused.
func BeRefused(statuses ...any) types.GomegaMatcher {
	wanted, err := attemptsWanted("BeRefused", statuses)
	arguments := wrote(wanted)
	if len(wanted) == 0 {
		wanted = []wantedAttempt{{text: "4xx"}}
	}
	texts := textsOf(wanted)
	m := &deliveryMatcher{name: "BeRefused", arguments: arguments, to: "be refused with " + strings.Join(texts, " or "), err: err}
	m.check = func(d *mockserver.Delivery) finding {
		f := finding{notes: make([]string, len(d.Attempts))}
		for i := range d.Attempts {
			accepted := false
			for _, w := range wanted {
				accepted = accepted || w.differs(&d.Attempts[i]) == ""
			}
			if !accepted {
				f.notes[i] = "want " + strings.Join(texts, " or ")
				f.why, f.final = "got "+outcomeOf(&d.Attempts[i]), true
			}
		}
		if len(d.Attempts) == 0 {
			f.why, f.final = "there was no attempt", d.State != mockserver.Pending
		}
		return f
	}
	return m
}

// deliveryMatcher is a matcher that checks each of a number of deliveries.
type deliveryMatcher struct {
	name, arguments string // as they were written
	to              string // what a delivery must do: "be delivered"
	err             error  // what is wrong with the matcher itself
	check           func(*mockserver.Delivery) finding

	deliveries []mockserver.Delivery
	findings   []finding
}

// finding is what a matcher found about one delivery.
type finding struct {
	why   string   // why it did not match; "" is a match
	final bool     // nothing that happens to the delivery can make it match
	notes []string // what is wrong with each attempt, and with those missing after them
}

var _ types.OracleMatcher = (*deliveryMatcher)(nil)

func (m *deliveryMatcher) Match(actual any) (bool, error) {
	if m.err != nil {
		return false, misuse{m.err}
	}
	var err error
	var is bool
	if m.deliveries, is, err = deliveriesOf(actual); !is {
		err = fmt.Errorf("%s wants a delivery, deliveries or Track(…), got %s", m, typeOf(actual))
	}
	if err != nil {
		return false, err
	}
	m.findings = make([]finding, len(m.deliveries))
	for i := range m.deliveries {
		m.findings[i] = m.check(&m.deliveries[i])
	}
	return len(m.wrongOnes()) == 0 && len(m.deliveries) > 0, nil
}

// MatchMayChangeInTheFuture tells Eventually to stop when a delivery is final and not as expected.
func (m *deliveryMatcher) MatchMayChangeInTheFuture(actual any) bool {
	if !mayGrow(actual) || m.err != nil {
		return false
	}
	for _, f := range m.findings {
		if f.why != "" && f.final {
			return false
		}
	}
	return true
}

// wrongOnes returns the indexes of the deliveries that are not as expected.
func (m *deliveryMatcher) wrongOnes() []int {
	var list []int
	for i := range m.findings {
		if m.findings[i].why != "" {
			list = append(list, i)
		}
	}
	return list
}

// FailureMessage shows the deliveries that are not as expected, with each attempt.
func (m *deliveryMatcher) FailureMessage(any) string {
	var b strings.Builder
	wrong := m.wrongOnes()
	switch {
	case len(m.deliveries) == 0:
		b.WriteString(noDeliveries(m.to))
	case len(m.deliveries) == 1:
		fmt.Fprintf(&b, "expected the delivery to %s, %s:", m.to, m.findings[0].why)
	default:
		fmt.Fprintf(&b, "expected each of %d deliveries to %s, but %d of them did not match:", len(m.deliveries), m.to, len(wrong))
	}
	for _, i := range wrong[:min(shown, len(wrong))] {
		b.WriteString("\n  " + describeDelivery(&m.deliveries[i], m.findings[i].notes))
	}
	andMore(&b, len(wrong))
	return terminal.Text(b.String())
}

// NegatedFailureMessage shows the deliveries.
func (m *deliveryMatcher) NegatedFailureMessage(any) string {
	var b strings.Builder
	if len(m.deliveries) == 1 {
		fmt.Fprintf(&b, "expected the delivery not to %s:", m.to)
	} else {
		fmt.Fprintf(&b, "expected not each of %d deliveries to %s:", len(m.deliveries), m.to)
	}
	for i := range m.deliveries[:min(shown, len(m.deliveries))] {
		b.WriteString("\n  " + describeDelivery(&m.deliveries[i], nil))
	}
	andMore(&b, len(m.deliveries))
	return terminal.Text(b.String())
}

func (m *deliveryMatcher) String() string {
	return terminal.Text(m.name + "(" + m.arguments + ")")
}

// GomegaString keeps the deliveries out of Gomega's failure messages.
func (m *deliveryMatcher) GomegaString() string { return m.String() }

func (m *deliveryMatcher) wrong() error { return m.err }

// noDeliveries is the failure of a matcher that got an empty list.
func noDeliveries(to string) string {
	return fmt.Sprintf("expected deliveries to %s, there are none: is an endpoint subscribed to the event?", to)
}

// describeDelivery returns a delivery in one line, a line for each attempt with its note, and what
// comes next.
func describeDelivery(d *mockserver.Delivery, notes []string) string {
	t := timelineOf(d)
	return t.describe(notes)
}

// nextOf says when the next attempt of a pending delivery is due.
func nextOf(d *mockserver.Delivery) string {
	switch n := len(d.Attempts); {
	case n == 0:
		return "no attempt yet: this is the record before the first one; Track reads it again"
	case d.Next.IsZero():
		return "the next attempt is not planned yet"
	default:
		return fmt.Sprintf("the next attempt is due %s after the last one; a virtual clock moves with Advance", d.Next.Sub(d.Attempts[n-1].Due))
	}
}
