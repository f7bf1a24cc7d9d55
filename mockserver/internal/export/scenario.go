package export

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode"
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
target: {bin: consumer, secret: "${env:HOOKRIG_TARGET_SECRET:-}"}
bins:
  consumer: {}
steps:
`

// writeScenario writes a step for each event of a known provider, with the responses that the
// consumer gave. A scenario can deliver nothing else, because its requests are those of a provider.
// Captures of one event with one body are attempts of one delivery: the last response counts. It
// writes nothing before the first event, so that the caller can still return an error if there is
// none.
func writeScenario(w io.Writer, captures records, o *Options) error {
	s := learned{ids: map[string]int{}, steps: map[string]int{}}
	for c, err := range captures {
		if err != nil {
			return err
		}
		if err := s.add(o.Catalogue, &c); err != nil {
			return err
		}
	}
	if len(s.ids) == 0 {
		return fmt.Errorf("%w: none of the captures is an event of a known provider, so a scenario would have nothing to deliver: "+
			"export them as jsonl, and send them with hookrig replay", ErrInvalid)
	}
	if _, err := fmt.Fprintf(w, scenarioBegin, comment(o.Name), scenarioName(o.Name)); err != nil {
		return err
	}
	for _, part := range s.parts {
		if err := part.write(w); err != nil {
			return err
		}
	}
	return s.omitted.write(w)
}

// maxScenario bounds the bodies of a scenario, in bytes: hookrig run reads files up to that size.
const maxScenario = 1 << 20

// learned are the steps of a scenario that is being learned from captures.
type learned struct {
	parts      []learnedPart
	omitted    omissions
	subscribed []string
	ids        map[string]int // number of steps, by the name of their events
	steps      map[string]int // index in parts, by provider, event id and body
	bytes      int
}

// learnedPart is a step, with the comments about captures that were skipped before it.
type learnedPart struct {
	omitted   omissions
	subscribe string // a provider to subscribe to first
	id        string
	comment   string
	event     fixtures.Event
	status    int // the last response; 0 is none
	attempts  int
}

func (s *learned) add(known *fixtures.Catalogue, c *record) error {
	event, why := recognise(known, &c.Capture)
	if why != "" {
		s.omitted.add(c.ID, why)
		return nil
	}
	key := event.Provider + "\x00" + event.ID + "\x00" + string(event.Body)
	if i, again := s.steps[key]; again {
		s.parts[i].attempts++
		s.parts[i].status = statusOf(c)
		return nil
	}
	if s.bytes += len(event.Body); s.bytes > maxScenario {
		return fmt.Errorf("%w: the bodies have more than %d bytes, and a scenario has at most that: select fewer captures", ErrInvalid, maxScenario)
	}
	part := learnedPart{omitted: s.omitted, id: s.id(event.Name), comment: c.ID, event: event, status: statusOf(c), attempts: 1}
	if len(c.redacted) > 0 {
		part.comment = strings.TrimPrefix(part.comment+"; "+c.redactions(), "; ")
	}
	if !slices.Contains(s.subscribed, event.Provider) {
		s.subscribed = append(s.subscribed, event.Provider)
		part.subscribe = event.Provider
	}
	s.omitted = omissions{}
	s.steps[key] = len(s.parts)
	s.parts = append(s.parts, part)
	return nil
}

// id returns a unique id for a step that delivers an event of that name.
func (s *learned) id(event string) string {
	id := strings.Trim(notInNames.ReplaceAllString(strings.ToLower(event), "-"), "-")
	if id == "" || id[0] >= '0' && id[0] <= '9' {
		id = "event-" + id
	}
	s.ids[id]++
	if n := s.ids[id]; n > 1 {
		return fmt.Sprintf("%s-no-%d", id, n)
	}
	return id
}

// statusOf returns the status of the response to a capture, or 0.
func statusOf(c *record) int {
	if c.Response == nil || c.Response.Hang || c.Response.Reset || c.Response.Cut != "" {
		return 0
	}
	return c.Response.Status
}

func (p *learnedPart) write(w io.Writer) error {
	if err := p.omitted.write(w); err != nil {
		return err
	}
	var b strings.Builder
	if p.subscribe != "" {
		fmt.Fprintf(&b, "  - id: subscribe-%s\n    subscribe: {provider: %[1]s}\n", p.subscribe)
	}
	note := p.comment
	if p.attempts > 1 {
		note = strings.TrimPrefix(fmt.Sprintf("%s, %d attempts", note, p.attempts), ", ")
	}
	if note != "" {
		note = " # " + comment(note)
	}
	fmt.Fprintf(&b, "  - id: %s%s\n    deliver:\n      provider: %s\n      event: %s\n      body: %s\n",
		p.id, note, p.event.Provider, text(p.event.Name), plainText(string(p.event.Body)))
	if p.status == 0 || p.status >= 200 && p.status < 300 {
		b.WriteString("    expect:\n      deliveries: {state: delivered}\n")
	} else {
		fmt.Fprintf(&b, "  - id: %s-answer\n    when: target\n    expect:\n      response: {of: %[1]s, status: %d}\n", p.id, p.status)
	}
	_, err := io.WriteString(w, b.String())
	return err
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

// plainText is text in single quotes, which need no escapes, if s is one line that YAML can print
// and has no single quote.
func plainText(s string) string {
	for _, r := range s {
		if r == '\'' || !unicode.IsPrint(r) {
			return text(s)
		}
	}
	return "'" + strings.ReplaceAll(s, "${", "$${") + "'"
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
