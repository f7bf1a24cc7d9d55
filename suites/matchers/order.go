package matchers

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/onsi/gomega/types"

	"github.com/hookrig/hookrig/internal/terminal"
)

// HaveReceivedInOrder succeeds when a bin (or a list of captures or messages) has a capture for
// each condition, in this order. Other captures may arrive between them. For several conditions on
// one capture, use Gomega's And. If there is no such order, but the bin evicted captures, that is
// an error: they may have been it.
//
//	HaveReceivedInOrder(BeEvent("neostore", "Pass:Created"), BeEvent("neostore", "Pass:Installed"))
func HaveReceivedInOrder(conditions ...types.GomegaMatcher) types.GomegaMatcher {
	return &orderMatcher{checks: checks{conditions: conditions}}
}

type orderMatcher struct {
	checks
	by []int // for each condition matched in order, the index of its capture
}

var _ types.OracleMatcher = (*orderMatcher)(nil)

func (m *orderMatcher) wrong() error {
	if len(m.conditions) == 0 {
		return errors.New("HaveReceivedInOrder has no conditions: it would always match")
	}
	return wrongConditions("HaveReceivedInOrder", m.conditions)
}

// Match takes the first capture that fulfils the first condition, then the first after it that
// fulfils the second, and so on.
func (m *orderMatcher) Match(actual any) (bool, error) {
	if err := m.wrong(); err != nil {
		return false, misuse{err}
	}
	all, err := receivedBy("HaveReceivedInOrder", actual)
	if err != nil {
		return false, err
	}
	m.look(all)
	m.by = nil
	var could error
	for i := range m.captures {
		if len(m.by) == len(m.conditions) {
			return true, nil
		}
		r, err := m.check(i, len(m.by))
		if err != nil {
			return false, err
		}
		if r.matched {
			m.by = append(m.by, i)
		}
		could = cmp.Or(could, r.unclear)
	}
	if len(m.by) == len(m.conditions) {
		return true, nil
	}
	if could == nil {
		could = missingFrom(actual)
	}
	return false, could
}

// MatchMayChangeInTheFuture tells Eventually to stop when a condition is itself wrong, or when
// nothing can arrive.
func (m *orderMatcher) MatchMayChangeInTheFuture(actual any) bool {
	_, live := actual.(Bin)
	return live && m.wrong() == nil
}

// FailureMessage shows which capture fulfils each condition, up to the first condition that none
// fulfils. It shows whether one did before its turn, or the nearest one.
func (m *orderMatcher) FailureMessage(actual any) string {
	var b strings.Builder
	fmt.Fprintf(&b, "expected %s to have received %s in this order, got %d of %d, among %s:",
		nameOfSubject(actual), plural(len(m.conditions), "capture"), len(m.by), len(m.conditions), plural(len(m.captures), "capture"))
	for i, c := range m.conditions {
		switch {
		case i < len(m.by):
			fmt.Fprintf(&b, "\n  %d. matched:     %s: %s", i+1, nameOf(c), m.name(m.by[i]))
		case i == len(m.by):
			fmt.Fprintf(&b, "\n  %d. not matched: %s: %s", i+1, nameOf(c), indented(m.missing(i), "     "))
		default:
			fmt.Fprintf(&b, "\n  %d. not reached: %s", i+1, nameOf(c))
		}
	}
	return terminal.Text(b.String())
}

// missing says why no capture fulfils condition n, the next one in the order.
func (m *orderMatcher) missing(n int) string {
	next := 0
	if n > 0 {
		next = m.by[n-1] + 1
	}
	for i := range next {
		if slices.Contains(m.by, i) {
			continue
		}
		if r, _ := m.check(i, n); r.matched {
			return m.name(i) + " matches, but it came before " + m.name(next-1)
		}
	}
	if next == len(m.captures) {
		if next == 0 {
			return "nothing arrived"
		}
		return "nothing arrived after " + m.name(next-1)
	}
	why := m.name(next) + ": " + m.why(m.captures[next], n)
	switch more := len(m.captures) - next - 1; {
	case more == 1:
		why += "\nnor does the one after it match"
	case more > 1:
		why += fmt.Sprintf("\nnor does any of the %d after it match", more)
	}
	return why
}

func (m *orderMatcher) name(i int) string { return m.captures[i].describe() }

func (m *orderMatcher) NegatedFailureMessage(actual any) string {
	var b strings.Builder
	fmt.Fprintf(&b, "expected %s not to have received in this order:", nameOfSubject(actual))
	for i, c := range m.conditions {
		fmt.Fprintf(&b, "\n  %d. %s: %s", i+1, nameOf(c), m.name(m.by[i]))
	}
	return terminal.Text(b.String())
}

func (m *orderMatcher) String() string {
	return "HaveReceivedInOrder(" + strings.Join(names(m.conditions), ", ") + ")"
}

// GomegaString keeps the captures out of Gomega's failure messages.
func (m *orderMatcher) GomegaString() string { return m.String() }
