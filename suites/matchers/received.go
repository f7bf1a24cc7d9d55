package matchers

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/onsi/gomega/types"

	"github.com/hookrig/hookrig/internal/redact"
	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/mockserver"
)

// Bin is what HaveReceived polls: *mockserver.Bin is one.
type Bin interface {
	// Captures returns the captures that the bin holds, oldest first.
	Captures(ctx context.Context) ([]mockserver.Capture, error)
}

// fetchLimit is the time limit for reading the captures of a bin.
const fetchLimit = 10 * time.Second

// shown is the number of captures that a failure message describes.
const shown = 3

// HaveReceived succeeds when a bin (or a slice of captures) holds at least one capture that every
// matcher accepts; without matchers any capture will do. Times makes the count exact.
func HaveReceived(matchers ...types.GomegaMatcher) *ReceivedMatcher {
	return &ReceivedMatcher{matchers: matchers, min: 1, max: -1}
}

// ReceivedMatcher is HaveReceived's matcher.
type ReceivedMatcher struct {
	matchers []types.GomegaMatcher
	min, max int // max is -1 for no bound

	matched []mockserver.Capture
	misses  []miss
}

// miss is a capture that did not match.
type miss struct {
	capture mockserver.Capture
	reasons []string // one for each matcher that did not accept it
}

var _ types.GomegaMatcher = (*ReceivedMatcher)(nil)

// Times wants exactly n matching captures. Eventually stops as soon as there are more.
func (m *ReceivedMatcher) Times(n int) *ReceivedMatcher {
	m.min, m.max = n, n
	return m
}

// AtLeast wants n or more.
func (m *ReceivedMatcher) AtLeast(n int) *ReceivedMatcher {
	m.min, m.max = n, -1
	return m
}

func (m *ReceivedMatcher) wrong() error {
	for _, sub := range m.matchers {
		if err := wrongOf(sub); err != nil {
			return err
		}
	}
	return nil
}

// Match counts the captures that every matcher accepts. A matcher that fails on a capture does not
// accept it. The error says that a matcher is wrong itself, or that the bin could not be read.
func (m *ReceivedMatcher) Match(actual any) (bool, error) {
	if err := m.wrong(); err != nil {
		return false, err
	}
	all, err := capturesOf(actual)
	if err != nil {
		return false, err
	}
	m.matched, m.misses = nil, nil
	for _, c := range all {
		if reasons := m.reasons(c); len(reasons) > 0 {
			m.misses = append(m.misses, miss{c, reasons})
		} else {
			m.matched = append(m.matched, c)
		}
	}
	return m.fulfilled(), nil
}

func (m *ReceivedMatcher) fulfilled() bool {
	return len(m.matched) >= m.min && (m.max < 0 || len(m.matched) <= m.max)
}

// MatchMayChangeInTheFuture tells Eventually to stop when a matcher is wrong itself, when there are
// too many already, or when nothing can arrive.
func (m *ReceivedMatcher) MatchMayChangeInTheFuture(actual any) bool {
	_, live := actual.(Bin)
	return live && m.wrong() == nil && (m.max < 0 || len(m.matched) <= m.max)
}

// reasons returns the failure messages of the matchers that do not accept c.
func (m *ReceivedMatcher) reasons(c mockserver.Capture) []string {
	var reasons []string
	for _, sub := range m.matchers {
		ok, err := sub.Match(c)
		switch {
		case err != nil:
			reasons = append(reasons, nameOf(sub)+": "+firstLine(err))
		case !ok:
			reasons = append(reasons, sub.FailureMessage(c))
		}
	}
	return reasons
}

// FailureMessage says what was wanted and how many there were, then shows the captures that
// matched, where they are too many, or those that came nearest, and why they did not match.
func (m *ReceivedMatcher) FailureMessage(actual any) string {
	var b strings.Builder
	fmt.Fprintf(&b, "expected %s to have received %s, got %d of %d", subject(actual), m.wanted(), len(m.matched), len(m.matched)+len(m.misses))
	if m.max >= 0 && len(m.matched) > m.max {
		m.show(&b, m.matched)
		return terminal.Text(b.String())
	}
	if len(m.misses) == 0 {
		return terminal.Text(b.String())
	}
	nearest := slices.Clone(m.misses)
	slices.SortStableFunc(nearest, func(a, b miss) int { return len(a.reasons) - len(b.reasons) })
	b.WriteString("; nearest:")
	for _, miss := range nearest[:min(shown, len(nearest))] {
		fmt.Fprintf(&b, "\n  %s: %s", describe(miss.capture), strings.Join(miss.reasons, "; "))
	}
	if more := len(nearest) - shown; more > 0 {
		fmt.Fprintf(&b, "\n  and %d more", more)
	}
	return terminal.Text(b.String())
}

// NegatedFailureMessage says how many there were, and shows them.
func (m *ReceivedMatcher) NegatedFailureMessage(actual any) string {
	var b strings.Builder
	fmt.Fprintf(&b, "expected %s not to have received %s, got %d of %d", subject(actual), m.wanted(), len(m.matched), len(m.matched)+len(m.misses))
	m.show(&b, m.matched)
	return terminal.Text(b.String())
}

// show lists the first captures.
func (m *ReceivedMatcher) show(b *strings.Builder, list []mockserver.Capture) {
	b.WriteByte(':')
	for i := range list[:min(shown, len(list))] {
		b.WriteString("\n  " + list[i].GomegaString())
	}
	if more := len(list) - shown; more > 0 {
		fmt.Fprintf(b, "\n  and %d more", more)
	}
}

func (m *ReceivedMatcher) wanted() string {
	count, noun := fmt.Sprintf("at least %d", m.min), "captures"
	if m.max == m.min {
		count = fmt.Sprintf("exactly %d", m.min)
	}
	if m.min == 1 {
		noun = "capture"
	}
	if len(m.matchers) == 0 {
		return count + " " + noun
	}
	names := make([]string, len(m.matchers))
	for i, sub := range m.matchers {
		names[i] = nameOf(sub)
	}
	return count + " " + noun + " with " + strings.Join(names, " and ")
}

// subject names the bin or the captures.
func subject(actual any) string {
	if named, ok := actual.(interface{ Name() string }); ok {
		return "bin " + named.Name()
	}
	return "the captures"
}

func capturesOf(actual any) ([]mockserver.Capture, error) {
	switch a := actual.(type) {
	case Bin:
		ctx, cancel := context.WithTimeout(context.Background(), fetchLimit)
		defer cancel()
		return a.Captures(ctx)
	case []mockserver.Capture:
		return a, nil
	case mockserver.Capture:
		return []mockserver.Capture{a}, nil
	}
	return nil, fmt.Errorf("HaveReceived wants a bin or captures, got %T", actual)
}

// describe returns a short description of a capture.
func describe(c mockserver.Capture) string {
	return terminal.Sprintf("%s %s %s", c.ID, c.Method, redact.URL(c.Target))
}
