package scenarios

import (
	"fmt"
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
		p.line("      … %s more in the --html and --json reports", plural(more, "exchange"))
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
			p.line("%s… %s more", prefix, plural(rest, "line"))
			return
		}
		p.clipped(prefix, line)
	}
}

// clipped writes a line that is cut at the width.
func (p *printer) clipped(prefix, line string) {
	most := max(p.width-utf8.RuneCountInString(prefix), 20)
	if runes := []rune(line); len(runes) > most {
		note := fmt.Sprintf("… (%s more)", plural(len(runes)-most, "character"))
		line = string(runes[:max(most-utf8.RuneCountInString(note), 10)])
		line += fmt.Sprintf("… (%s more)", plural(len(runes)-utf8.RuneCountInString(line), "character"))
	}
	p.line("%s", strings.TrimRight(prefix+line, " "))
}
