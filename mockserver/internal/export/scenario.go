package export

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// scenarioFormat returns the format of a scenario file.
func scenarioFormat() Format {
	return Format{
		Name: "scenario", Text: "a scenario for hookrig run that delivers the same bodies", MediaType: "application/yaml", Extension: ".yaml",
		Many: true, write: writeScenario,
	}
}

const scenarioBegin = `# These events were captured in %s. hookrig run delivers the same bodies, byte for byte, in the same order, as
# newly signed requests of the provider. --target sends them to a consumer.
hookrig: 1
name: %s
description: Captured events, delivered again.
target: {bin: consumer}
bins:
  consumer: {}
steps:
`

// writeScenario writes a step for each capture that is an event of a known provider. A scenario can
// deliver nothing else, because its requests are those of a provider. It writes nothing before the
// first event, so that the caller can still return an error if there is none.
func writeScenario(w io.Writer, captures records, o *Options) error {
	var omitted omissions
	var subscribed []string
	n := 0
	for c, err := range captures {
		if err != nil {
			return err
		}
		event, why := recognise(o.Catalogue, &c.Capture)
		if why != "" {
			omitted.add(c.ID, why)
			if n > 0 && omitted.full() {
				if err := omitted.write(w); err != nil {
					return err
				}
			}
			continue
		}
		if n++; n == 1 {
			if _, err := fmt.Fprintf(w, scenarioBegin, comment(o.Name), scenarioName(o.Name)); err != nil {
				return err
			}
		}
		if err := omitted.write(w); err != nil {
			return err
		}
		step := ""
		if !slices.Contains(subscribed, event.Provider) {
			subscribed = append(subscribed, event.Provider)
			step = fmt.Sprintf("  - id: subscribe-%s\n    subscribe: {provider: %s}\n", event.Provider, event.Provider)
		}
		if len(c.redacted) > 0 {
			step += fmt.Sprintf("  # %s\n", c.redactions())
		}
		step += fmt.Sprintf("  - id: event-%d # %s\n    deliver:\n      provider: %s\n      event: %s\n      body: %s\n    expect:\n      deliveries: {state: delivered}\n",
			n, comment(c.ID), event.Provider, text(event.Name), text(string(event.Body)))
		if _, err := io.WriteString(w, step); err != nil {
			return err
		}
	}
	if n == 0 {
		return fmt.Errorf("%w: none of the captures is an event of a known provider, so a scenario would have nothing to deliver: "+
			"export them as jsonl, and send them with hookrig replay", ErrInvalid)
	}
	return omitted.write(w)
}

// omissions are comments about captures that a scenario skips: the first hundred, and a count of
// the rest.
type omissions struct {
	lines []string
	more  int
}

func (o *omissions) full() bool { return len(o.lines) >= 100 }

func (o *omissions) add(id, why string) {
	if o.full() {
		o.more++
		return
	}
	o.lines = append(o.lines, fmt.Sprintf("  # %s is skipped: %s. hookrig replay can send it.\n", comment(id), why))
}

// write writes the comments and clears them.
func (o *omissions) write(w io.Writer) error {
	text := strings.Join(o.lines, "")
	if o.more > 0 {
		text += fmt.Sprintf("  # %d more are skipped here for similar reasons.\n", o.more)
	}
	*o = omissions{}
	_, err := io.WriteString(w, text)
	return err
}

// recognise returns the event in a capture, or says why there is none.
func recognise(known *fixtures.Catalogue, c *journal.Capture) (e fixtures.Event, why string) {
	if !utf8.Valid(c.Body) {
		return e, "its body is not text, and a scenario contains only text"
	}
	if len(c.Body) == 0 {
		return e, "it has no body"
	}
	if strings.ContainsRune(string(c.Body), 0) {
		return e, "its body contains a NUL, which is not allowed in a scenario"
	}
	providers := known.Providers()
	if c.Verification != nil {
		if p, err := known.Provider(c.Verification.Provider); err == nil {
			providers = []*fixtures.Provider{p}
		}
	}
	for _, p := range providers {
		if e, ok := p.Recognise(c.Message); ok {
			return e, ""
		}
	}
	return e, "it is not an event of a known provider"
}

// text returns s as a YAML scalar without references. A JSON string is a YAML string, except for
// the characters that YAML cannot print or takes as line ends.
func text(s string) string {
	var quoted strings.Builder
	enc := json.NewEncoder(&quoted)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(strings.ReplaceAll(s, "${", "$${")) // a string can always be encoded
	var b strings.Builder
	for _, r := range strings.TrimSuffix(quoted.String(), "\n") {
		switch {
		case r >= 0x7f && r < 0xa0, r == '\u2028', r == '\u2029', r == '\ufeff', r == '\ufffe', r == '\uffff':
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// scenarioName converts any text to a valid scenario name.
func scenarioName(name string) string {
	return strings.Trim("captured-"+notInNames.ReplaceAllString(strings.ToLower(name), "-"), "-")
}
