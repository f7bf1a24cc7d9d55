package journal

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/hookrig/hookrig/mockserver/content"
	"github.com/hookrig/hookrig/mockserver/wire"
)

// GomegaString is the capture in one line, as Gomega shows it in a failure: what came, what the signature was worth, and how the body begins.
func (c Capture) GomegaString() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s", c.ID, c.Method, c.Target)
	if c.Verification != nil {
		fmt.Fprintf(&b, " (%s signature %s)", c.Verification.Provider, c.Verification.Verdict)
	}
	if len(c.Problems) > 0 {
		fmt.Fprintf(&b, " [%s]", strings.Join(c.Problems, "; "))
	}
	body := content.Decode(&c.Message)
	fmt.Fprintf(&b, " %d bytes %s", len(c.Body), beginning(body.Bytes))
	return b.String()
}

// GomegaString is the delivery in one line and a line for each attempt, as Gomega shows it in a failure.
func (d Delivery) GomegaString() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s to %s: %s", d.ID, d.Event.Name, d.URL, d.State)
	for i := range d.Attempts {
		a := &d.Attempts[i]
		fmt.Fprintf(&b, "\n  attempt %d: ", a.N)
		if a.Outcome == wire.GotStatus {
			fmt.Fprint(&b, a.Status)
			if a.Reply != nil && len(a.Reply.Body) > 0 {
				b.WriteString(" " + beginning(a.Reply.Body))
			}
		} else {
			fmt.Fprintf(&b, "%s: %s", a.Outcome, a.Error)
		}
		if a.Fault != "" {
			b.WriteString(", with " + a.Fault)
		}
	}
	return b.String()
}

// beginning is how a body begins, on one line.
func beginning(body []byte) string {
	const longest = 120
	text := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(string(body[:min(len(body), 4*longest)]), "�"))
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	if len(body) > 4*longest {
		return text + "…"
	}
	return text
}
