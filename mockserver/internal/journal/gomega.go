package journal

import (
	"strings"
	"unicode"

	"github.com/hookrig/hookrig/internal/content"
	"github.com/hookrig/hookrig/internal/redact"
	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// GomegaString is the capture in one line, as Gomega shows it in a failure: what came, what the signature was worth, and how the body begins.
func (c Capture) GomegaString() string {
	var b terminal.Builder
	b.Printf("%s %s %s", c.ID, c.Method, redact.URL(c.Target))
	if c.Verification != nil {
		b.Printf(" (%s signature %s)", c.Verification.Provider, c.Verification.Verdict)
	}
	if len(c.Problems) > 0 {
		b.Printf(" [%s]", strings.Join(c.Problems, "; "))
	}
	body := content.Decode(&c.Message)
	b.Printf(" %d bytes %s", len(c.Body), beginning(body.Bytes))
	return b.String()
}

// GomegaString is the delivery in one line and a line for each attempt, as Gomega shows it in a failure.
func (d Delivery) GomegaString() string {
	var b terminal.Builder
	b.Printf("%s %s to %s: %s", d.ID, d.Event.Name, redact.URL(d.URL), d.State)
	for i := range d.Attempts {
		a := &d.Attempts[i]
		b.Printf("\n  attempt %d: ", a.N)
		if a.Outcome == wire.GotStatus {
			b.Printf("%d", a.Status)
			if a.Response != nil && len(a.Response.Body) > 0 {
				b.Printf(" %s", beginning(a.Response.Body))
			}
		} else {
			b.Printf("%s: %s", a.Outcome, a.Error)
		}
		if a.Fault != "" {
			b.Printf(", with %s", a.Fault)
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
