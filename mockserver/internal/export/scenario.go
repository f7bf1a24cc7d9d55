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

// scenarioFormat is a scenario file.
func scenarioFormat() Format {
	return Format{
		Name: "scenario", Text: "a scenario for hookrig run, which delivers the same bodies", MediaType: "application/yaml", Extension: ".yaml",
		Many: true, write: writeScenario,
	}
}

const scenarioBegin = `# The events that were captured in %s. hookrig run plays them: the same bodies, byte for byte, in the same order, in requests as
# the provider makes them, signed anew. --target sends them to a consumer.
hookrig: 1
name: %s
description: What was captured, once more.
target: {bin: consumer}
bins:
  consumer: {}
steps:
`

// writeScenario writes a step for each capture that is known to be a provider's event. A scenario's requests are a provider's, so
// nothing else can be delivered by one. It writes nothing before the first event, so that a caller can still be told that there is none.
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
			step += fmt.Sprintf("  # %s\n", c.said())
		}
		step += fmt.Sprintf("  - id: event-%d # %s\n    deliver:\n      provider: %s\n      event: %s\n      body: %s\n    expect:\n      deliveries: {state: delivered}\n",
			n, comment(c.ID), event.Provider, text(event.Name), text(string(event.Body)))
		if _, err := io.WriteString(w, step); err != nil {
			return err
		}
	}
	if n == 0 {
		return fmt.Errorf("%w: none of the captures is an event of a provider that is known, so a scenario has nothing to deliver: "+
			"export them as jsonl, and send them with hookrig replay", ErrInvalid)
	}
	return omitted.write(w)
}

// omissions are comments about captures that a scenario leaves out: the first hundred, and how many more there were.
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
	o.lines = append(o.lines, fmt.Sprintf("  # %s is left out: %s. hookrig replay sends it.\n", comment(id), why))
}

// write writes the comments and forgets them.
func (o *omissions) write(w io.Writer) error {
	text := strings.Join(o.lines, "")
	if o.more > 0 {
		text += fmt.Sprintf("  # %d more are left out here, for reasons like these.\n", o.more)
	}
	*o = omissions{}
	_, err := io.WriteString(w, text)
	return err
}

// recognise finds the event that a capture carries, or says why there is none.
func recognise(known *fixtures.Catalogue, c *journal.Capture) (e fixtures.Event, why string) {
	if !utf8.Valid(c.Body) {
		return e, "its body is no text, which a scenario cannot hold"
	}
	if len(c.Body) == 0 {
		return e, "it has no body"
	}
	if strings.ContainsRune(string(c.Body), 0) {
		return e, "its body holds a NUL, which a scenario cannot"
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
	return e, "it is no event of a provider that is known"
}

// text is a YAML scalar of the text, with nothing in it that a scenario would take for a reference. JSON's strings are
// YAML's, but for the characters that YAML does not print or takes for line ends.
func text(s string) string {
	var quoted strings.Builder
	enc := json.NewEncoder(&quoted)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(strings.ReplaceAll(s, "${", "$${")) // a string is always JSON
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

// scenarioName makes a scenario's name of any text.
func scenarioName(name string) string {
	return strings.Trim("captured-"+notInNames.ReplaceAllString(strings.ToLower(name), "-"), "-")
}
