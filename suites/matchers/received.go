package matchers

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/onsi/gomega/types"

	"github.com/hookrig/hookrig/mockserver/journal"
)

// Bin is what HaveReceived polls: *mockserver.Bin is one.
type Bin interface {
	// Captures returns the captures that the bin holds, oldest first.
	Captures(ctx context.Context) ([]journal.Capture, error)
}

// fetchLimit bounds one look into a bin.
const fetchLimit = 10 * time.Second

// shown is how many captures a failure describes.
const shown = 3

// HaveReceived succeeds when a bin (or a slice of captures) holds at least one capture that every matcher accepts;
// without matchers any capture will do. Times makes the count exact.
func HaveReceived(matchers ...types.GomegaMatcher) *ReceivedMatcher {
	return &ReceivedMatcher{matchers: matchers, min: 1, max: -1}
}

// ReceivedMatcher is HaveReceived's matcher.
type ReceivedMatcher struct {
	matchers []types.GomegaMatcher
	min, max int // max is -1 for no bound

	matched int
	all     []journal.Capture
	reasons []string // for each capture that did not match, why
}

var _ types.GomegaMatcher = (*ReceivedMatcher)(nil)

// Times wants exactly n matching captures. Eventually gives up as soon as there are more: they do not go away again.
func (m *ReceivedMatcher) Times(n int) *ReceivedMatcher {
	m.min, m.max = n, n
	return m
}

// AtLeast wants n or more.
func (m *ReceivedMatcher) AtLeast(n int) *ReceivedMatcher {
	m.min, m.max = n, -1
	return m
}

// Match counts the captures that every matcher accepts.
func (m *ReceivedMatcher) Match(actual any) (bool, error) {
	var err error
	if m.all, err = capturesOf(actual); err != nil {
		return false, err
	}
	m.matched, m.reasons = 0, m.reasons[:0]
	for _, c := range m.all {
		reason, err := m.reason(c)
		if err != nil {
			return false, err
		}
		if reason == "" {
			m.matched++
		} else {
			m.reasons = append(m.reasons, describe(c)+": "+reason)
		}
	}
	return m.matched >= m.min && (m.max < 0 || m.matched <= m.max), nil
}

// MatchMayChangeInTheFuture tells Eventually to stop when there are too many already, or when nothing can arrive.
func (m *ReceivedMatcher) MatchMayChangeInTheFuture(actual any) bool {
	_, live := actual.(Bin)
	return live && (m.max < 0 || m.matched <= m.max)
}

// reason says what of c the matchers do not accept; "" when they all do.
func (m *ReceivedMatcher) reason(c journal.Capture) (string, error) {
	var reasons []string
	for _, sub := range m.matchers {
		ok, err := sub.Match(c)
		if err != nil {
			return "", err
		}
		if !ok {
			reasons = append(reasons, sub.FailureMessage(c))
		}
	}
	return strings.Join(reasons, "; "), nil
}

// FailureMessage says how many there were and why the others did not count.
func (m *ReceivedMatcher) FailureMessage(any) string {
	var b strings.Builder
	fmt.Fprintf(&b, "expected %s, got %d of %d", m.wanted(), m.matched, len(m.all))
	if len(m.reasons) == 0 {
		return b.String()
	}
	b.WriteString("; what did not match:")
	for _, reason := range m.reasons[:min(shown, len(m.reasons))] {
		b.WriteString("\n  " + reason)
	}
	if more := len(m.reasons) - shown; more > 0 {
		fmt.Fprintf(&b, "\n  and %d more", more)
	}
	return b.String()
}

// NegatedFailureMessage says how many there were.
func (m *ReceivedMatcher) NegatedFailureMessage(any) string {
	return fmt.Sprintf("expected not to have %s, got %d of %d", m.wanted(), m.matched, len(m.all))
}

func (m *ReceivedMatcher) wanted() string {
	noun := "matching captures"
	if len(m.matchers) == 0 {
		noun = "captures"
	}
	if m.max == m.min {
		return fmt.Sprintf("exactly %d %s", m.min, noun)
	}
	return fmt.Sprintf("at least %d %s", m.min, noun)
}

func capturesOf(actual any) ([]journal.Capture, error) {
	switch a := actual.(type) {
	case Bin:
		ctx, cancel := context.WithTimeout(context.Background(), fetchLimit)
		defer cancel()
		return a.Captures(ctx)
	case []journal.Capture:
		return a, nil
	case journal.Capture:
		return []journal.Capture{a}, nil
	}
	return nil, fmt.Errorf("HaveReceived wants a bin or captures, got %T", actual)
}

// describe names a capture in one short phrase.
func describe(c journal.Capture) string {
	return fmt.Sprintf("%s %s %s", c.ID, c.Method, c.Target)
}
