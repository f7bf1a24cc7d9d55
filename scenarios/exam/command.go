package exam

import (
	"net/url"
	"strings"

	"github.com/hookrig/hookrig/internal/redact"
	"github.com/hookrig/hookrig/internal/shell"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/scenarios"
)

// command returns the command that makes the check again. Secrets are variables. It has no seed: a
// consumer that still runs would take the events of the same seed for duplicates.
func (g *grading) command() string {
	c := &g.consumer
	url := shell.Word(c.URL)
	if redact.URL(c.URL) != c.URL {
		url = `"$HOOKRIG_URL"`
	}
	words := []string{"hookrig", "check", url, g.provider.Name}
	if c.Secret != "" {
		words = append(words, "--secret", `"$HOOKRIG_SECRET"`)
	}
	words = append(words, "--only", g.check.ID)
	if c.Gate != "" {
		words = append(words, "--gate", string(c.Gate))
	}
	if g.option != "" {
		words = append(words, "--option", shell.Word(g.provider.Name+"."+g.option))
	}
	for _, word := range c.Repeat {
		if strings.HasPrefix(word, "$HOOKRIG_") {
			words = append(words, `"`+word+`"`)
		} else {
			words = append(words, shell.Word(redact.Quoted(word)))
		}
	}
	return strings.Join(words, " ")
}

// curl returns the command that sends the request of an exchange, or "" when curl cannot send it as
// it was sent.
func curl(to string, e *scenarios.Exchange) string {
	u, err := url.Parse(to)
	format, unknown := mockserver.FindFormat("curl")
	if err != nil || unknown != nil || e == nil || e.Request.Method == "" || e.RequestCut > 0 {
		return ""
	}
	var script strings.Builder
	capture := mockserver.Capture{ID: "request", Message: e.Request}
	if err := format.Write(&script, mockserver.OneCapture(capture), mockserver.FileOptions{KeepSecrets: true}); err != nil {
		return ""
	}
	var lines []string
	for line := range strings.SplitSeq(strings.TrimSpace(script.String()), "\n") {
		if len(lines) > 0 || line != "" && line[0] != '#' {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return ""
	}
	lines[len(lines)-1] = "  " + shell.Word(u.Scheme+"://"+u.Host+"/")
	return strings.Join(lines, "\n")
}
