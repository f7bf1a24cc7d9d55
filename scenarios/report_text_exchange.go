package scenarios

import (
	"strings"
	"unicode/utf8"
)

// Bounds of the exchanges in the text report. They leave a failure on one screen.
const (
	mostShown = 3  // steps of a scenario with an exchange
	mostLines = 12 // of a request or a response
)

// exchange writes the exchange that tells most about a step that did not pass: the last attempt of
// the first delivery that is not as expected or, without one, the last exchange. It reports whether
// there is one.
func (p *printer) exchange(s *StepReport) bool {
	e := s.telling()
	if e == nil {
		return false
	}
	p.clipped("      ", e.Name)
	p.message("      > ", e.RequestText)
	if e.Verification != nil {
		p.clipped("      ", "signature: "+strings.TrimSpace(string(e.Verification.Verdict)+" "+e.Verification.Explanation))
	}
	if e.ResponseText != "" {
		p.message("      < ", e.ResponseText)
	} else if e.Reason != "" {
		p.clipped("      ", "no response: "+e.Reason)
	}
	if more := len(s.Exchanges) - 1 + s.More; more > 0 {
		p.line("      … %s in the --html and --json reports", plural(more, "more exchange"))
	}
	return true
}

// telling returns the exchange that tells most about a step; nil without exchanges.
func (s *StepReport) telling() *Exchange {
	if len(s.Exchanges) == 0 {
		return nil
	}
	last := &s.Exchanges[len(s.Exchanges)-1]
	if len(s.Deliveries) == 0 {
		return last
	}
	for i := len(s.Exchanges) - 1; i >= 0; i-- {
		if e := &s.Exchanges[i]; e.Attempt > 0 && e.ID == s.Deliveries[0].ID {
			return e
		}
	}
	return last
}

// message writes the first lines of a message, each after a prefix.
func (p *printer) message(prefix, text string) {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i, line := range lines {
		if rest := len(lines) - i; i == mostLines-1 && rest > 1 {
			p.line("%s… %s", prefix, plural(rest, "more line"))
			return
		}
		p.clipped(prefix, line)
	}
}

// mostRows is the largest number of rows of one line of a message.
const mostRows = 4

// clipped writes a line in rows that are as wide as the report, and cuts it after the last row.
func (p *printer) clipped(prefix, line string) {
	width := max(p.width-utf8.RuneCountInString(prefix), 20)
	runes := []rune(line)
	for row := 0; row == 0 || len(runes) > 0; row++ {
		if row == mostRows {
			p.line("%s… %s", prefix, plural(len(runes), "more character"))
			return
		}
		n := min(len(runes), width)
		p.line("%s", strings.TrimRight(prefix+string(runes[:n]), " "))
		runes = runes[n:]
	}
}
