package journal

import (
	"strings"
	"unicode"

	"github.com/hookrig/hookrig/internal/content"
	"github.com/hookrig/hookrig/internal/redact"
	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// GomegaString returns the capture in one line for Gomega's failure messages: the request line, the
// result of the signature check, and the start of the body.
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
	b.Printf(" %d bytes %s", len(c.Body), start(body.Bytes))
	return b.String()
}

// GomegaString returns the delivery in one line, and one line for each attempt, for Gomega's
// failure messages.
func (d Delivery) GomegaString() string {
	var b terminal.Builder
	b.Printf("%s %s to %s: %s", d.ID, d.Event.Name, redact.URL(d.URL), d.State)
	for i := range d.Attempts {
		a := &d.Attempts[i]
		b.Printf("\n  attempt %d: ", a.N)
		if a.Outcome == wire.GotStatus {
			b.Printf("%d", a.Status)
			if a.Response != nil && len(a.Response.Body) > 0 {
				b.Printf(" %s", start(a.Response.Body))
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

// start returns the start of a body in one line.
func start(body []byte) string {
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
