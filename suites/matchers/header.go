package matchers

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/onsi/gomega/types"

	"github.com/hookrig/hookrig/internal/clip"
	"github.com/hookrig/hookrig/internal/redact"
	"github.com/hookrig/hookrig/mockserver"
)

// HaveHeader succeeds when a capture or message has header lines of that name, in any case. With
// values there must be exactly as many lines, with these values in this order. A value may be a
// matcher. The failure message does not show the value of a header that has a secret.
//
//	HaveHeader("X-Request-Id")
//	HaveHeader("Content-Type", HavePrefix("application/json"))
func HaveHeader(name string, values ...any) types.GomegaMatcher {
	c := &condition{subject: "the header " + name, to: "be there"}
	wanted := make([]wantedText, len(values))
	texts := make([]string, len(values))
	for i := range values {
		var err error
		wanted[i], err = textWanted("HaveHeader", values[i])
		c.err = cmp.Or(c.err, err)
		c.calls = c.calls || wanted[i].matcher != nil
		if texts[i] = wanted[i].String(); redact.Name(name) && wanted[i].matcher == nil {
			texts[i] = redact.Word
		}
	}
	if name == "" {
		c.err = cmp.Or(c.err, fmt.Errorf("HaveHeader: the name is empty"))
	}
	c.name = fmt.Sprintf("HaveHeader(%s)", strings.Join(append([]string{fmt.Sprintf("%q", name)}, texts...), ", "))
	if len(values) == 1 && wanted[0].matcher != nil {
		c.to = "match " + texts[0]
	} else if len(values) > 0 {
		c.to = "be " + strings.Join(texts, " and ")
	}
	c.check = func(actual any) (string, bool, error) {
		m, err := messageOf("HaveHeader", actual)
		if err != nil {
			return "", false, err
		}
		got := m.Headers.Values(name)
		switch {
		case len(m.Headers) == 0:
			return "there are no header lines", false, nil
		case len(got) == 0:
			return "there are only " + headerNames(m), false, nil
		}
		return "got " + shownHeader(name, got), len(wanted) == 0 || len(got) == len(wanted) && matchAll(wanted, got), nil
	}
	return c
}

func matchAll(wanted []wantedText, got []string) bool {
	for i := range wanted {
		if _, matched := wanted[i].compare(got[i]); !matched {
			return false
		}
	}
	return true
}

// shownHeader returns the values of a header for a failure message, without secrets.
func shownHeader(name string, values []string) string {
	texts := make([]string, len(values))
	for i, value := range values {
		if texts[i] = clip.Quote(value); redact.Name(name) {
			texts[i] = redact.Word
		}
	}
	if len(texts) == 1 {
		return texts[0]
	}
	return fmt.Sprintf("%d lines: %s", len(texts), strings.Join(texts, ", "))
}

// headerNames lists the names of a message's header lines.
func headerNames(m *mockserver.Message) string {
	var names []string
	for _, line := range m.Headers {
		if !slices.Contains(names, line.Name) {
			names = append(names, line.Name)
		}
	}
	return strings.Join(names, ", ")
}
