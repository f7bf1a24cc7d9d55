package scenarios

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hookrig/hookrig/internal/redact"
	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/mockserver"
)

// Exchange is one request of a run and its response: an attempt of a delivery, or a capture in a
// bin.
type Exchange struct {
	// Name describes the exchange: "attempt 1 of the delivery of step once (Pass:Created)",
	// "capture c00000001 in bin inbox".
	Name string `json:"name"`
	// id of the delivery or the capture
	ID string `json:"id"`
	// Attempt is the number of the attempt; 0 for a capture or a call.
	Attempt int       `json:"attempt,omitempty"`
	At      time.Time `json:"at"` // when it was sent or received
	// duration of an attempt, by the wall clock
	TookMS   float64                     `json:"took_ms,omitempty"`
	Outcome  mockserver.Outcome          `json:"outcome,omitempty"`  // outcome of an attempt
	Status   int                         `json:"status,omitempty"`   // status of the response
	Reason   string                      `json:"reason,omitempty"`   // why an attempt has no status
	Request  mockserver.Message          `json:"request"`            // the request as sent
	Response *mockserver.AttemptResponse `json:"response,omitempty"` // nil without a response
	// SameAsFirst reports whether an attempt sent the same bytes as the first attempt of the
	// delivery.
	SameAsFirst bool `json:"same_as_first,omitempty"`
	// RequestCut and ResponseCut are the numbers of bytes of the bodies that are left out at the
	// end.
	RequestCut  int `json:"request_cut,omitempty"`
	ResponseCut int `json:"response_cut,omitempty"`
	// Verification is the bin's check of the signature.
	Verification *mockserver.Verification `json:"verification,omitempty"`
	// RequestText and ResponseText show the messages as HTTP text. A body that is not text is
	// quoted.
	RequestText  string `json:"request_text"`
	ResponseText string `json:"response_text,omitempty"`
}

// Bounds of a report.
const (
	mostExchanges  = 20       // of one step
	mostDeliveries = 20       // of one step
	mostAttempts   = 100      // of one delivery
	mostOfPassed   = 100      // exchanges of all steps of a run that passed
	longestBody    = 64 << 10 // of a message, in bytes
)

// attach adds deliveries and exchanges to the steps. deliveries are the deliveries of these steps,
// by id.
func (r *run) attach(report *Report, deliveries map[string]*mockserver.Delivery) {
	left := mostOfPassed
	for i := range report.Steps {
		s := &report.Steps[i]
		record := r.steps[s.ID]
		if s.Status == Skipped || record == nil {
			continue
		}
		most := mostExchanges
		if s.Status == Passed {
			most = min(most, left)
		}
		r.attachTo(s, record, deliveries, most)
		if s.Status == Passed {
			left -= len(s.Exchanges)
		}
	}
}

// attachTo adds deliveries and exchanges to one step.
func (r *run) attachTo(s *StepReport, record *stepRecord, deliveries map[string]*mockserver.Delivery, most int) {
	var all []Exchange
	more := 0
	for _, id := range record.listed(s.Status) {
		d := deliveries[id]
		if d == nil || len(s.Deliveries) == mostDeliveries {
			s.MoreDeliveries++
			continue
		}
		s.Deliveries = append(s.Deliveries, r.reported(d))
		for k := range d.Attempts {
			if len(all) < most {
				all = append(all, r.attempt(d, &d.Attempts[k]))
			} else {
				more++
			}
		}
	}
	for _, a := range record.answers {
		all = append(all, r.called(a.exchange))
	}
	if s.Status != Passed {
		for k := range record.captures {
			all = append(all, r.captured(&record.captures[k]))
		}
		more += record.captured - len(record.captures)
	}
	s.Exchanges = all[:min(len(all), most)]
	s.More = more + len(all) - len(s.Exchanges)
}

// listed returns the ids of the deliveries that a report lists for a step, each once.
func (record *stepRecord) listed(status Status) []string {
	if status == Passed {
		return record.deliveries
	}
	var ids []string
	seen := map[string]bool{}
	for _, id := range slices.Concat(record.wrong, record.deliveries, record.checked) {
		if !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	return ids
}

func (r *run) attempt(d *mockserver.Delivery, a *mockserver.Attempt) Exchange {
	e := Exchange{
		Name: fmt.Sprintf("attempt %d of the %s", a.N, r.deliveryName(d)), ID: d.ID, Attempt: a.N, At: a.At, TookMS: a.TookMS,
		Outcome: a.Outcome, Status: a.Status, Reason: r.redact(redact.Quoted(a.Error)),
	}
	e.request(r.without(a.Sent))
	e.SameAsFirst = a.N > 1 && sameBytes(&a.Sent, &d.Attempts[0].Sent)
	if member := mockserver.ChangedMember(d.Event.Body, a.Sent.Body); member != "" {
		e.Name += ", with changed " + member
	}
	if a.Response != nil {
		e.response(a.Response, r.without(mockserver.Message{Headers: a.Response.Headers, Body: a.Response.Body}))
	}
	return e
}

// sameBytes reports whether two requests are equal, byte for byte.
func sameBytes(a, b *mockserver.Message) bool {
	return a.Method == b.Method && a.Target == b.Target && a.Version == b.Version && slices.Equal(a.Headers, b.Headers) && bytes.Equal(a.Body, b.Body)
}

// request sets the request of an exchange.
func (e *Exchange) request(m mockserver.Message) {
	m.Body, e.RequestCut = cut(m.Body)
	e.Request, e.RequestText = m, requestText(&m)+omission(e.RequestCut)
}

// response sets the response of an exchange. m has its header lines and its body without secrets.
func (e *Exchange) response(of *mockserver.AttemptResponse, m mockserver.Message) {
	response := *of
	response.Headers = m.Headers
	response.Body, e.ResponseCut = cut(m.Body)
	e.Response, e.ResponseText = &response, responseText(&response)+omission(e.ResponseCut)
}

// cut returns the part of a body that a report contains, and the number of bytes left out. It does
// not split a character.
func cut(body []byte) ([]byte, int) {
	if len(body) <= longestBody {
		return body, 0
	}
	end := longestBody
	for end > longestBody-utf8.UTFMax && !utf8.RuneStart(body[end]) {
		end--
	}
	return body[:end], len(body) - end
}

// omission says how many bytes of a body are left out.
func omission(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("\n(%s left out)", plural(n, "byte"))
}

func (r *run) captured(c *mockserver.Capture) Exchange {
	label := c.Bin
	for _, b := range r.bins {
		if b.name == c.Bin {
			label = b.label
		}
	}
	e := Exchange{
		Name: fmt.Sprintf("capture %s in bin %s", c.ID, label), ID: c.ID, At: c.At, Verification: c.Verification,
	}
	e.request(r.without(c.Message))
	if c.Response != nil {
		e.Status = c.Response.Status
		if e.Status == 0 {
			e.Status = 200
		}
	}
	return e
}

// called returns the exchange of a call without secrets.
func (r *run) called(e *Exchange) Exchange {
	one := *e
	one.Name, one.Reason = r.redact(redact.URLs(one.Name)), r.redact(redact.Quoted(one.Reason))
	one.request(r.without(one.Request))
	if e.Response != nil {
		one.response(e.Response, r.without(mockserver.Message{Headers: e.Response.Headers, Body: e.Response.Body}))
	}
	return one
}

// without returns a message without the run's secrets and without values that look like secrets,
// because reports are stored and shared.
func (r *run) without(m mockserver.Message) mockserver.Message {
	redaction := &redact.Pass{}
	m.Target = r.redact(redaction.URL(m.Target))
	m.Body = r.withoutBytes(redaction.Body(m.Headers.Get("Content-Type"), m.Body))
	m.Headers = slices.Clone(m.Headers)
	for i := range m.Headers {
		m.Headers[i].Value = r.redact(redaction.Header(m.Headers[i].Name, m.Headers[i].Value))
	}
	return m
}

func (r *run) withoutBytes(body []byte) []byte {
	if text := string(body); r.redact(text) != text {
		return []byte(r.redact(text))
	}
	return body
}

func requestText(m *mockserver.Message) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s %s\n", m.Method, m.Target, m.Version)
	for _, h := range m.Headers {
		fmt.Fprintf(&text, "%s: %s\n", h.Name, h.Value)
	}
	text.WriteString("\n" + bodyText(m.Body))
	return legible(text.String())
}

func responseText(r *mockserver.AttemptResponse) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%d\n", r.Status)
	for _, h := range r.Headers {
		fmt.Fprintf(&text, "%s: %s\n", h.Name, h.Value)
	}
	text.WriteString("\n" + bodyText(r.Body))
	if r.Truncated {
		text.WriteString("\n(the response was longer; only this part of it was stored)")
	}
	return legible(text.String())
}

// bodyText returns a body as text. It quotes a body that is not text.
func bodyText(body []byte) string {
	if utf8.Valid(body) && bytes.IndexByte(body, 0) < 0 {
		return string(body)
	}
	return fmt.Sprintf("%q", body)
}

// legible escapes control characters except line ends and tabs.
func legible(text string) string { return terminal.Text(text) }

// countAttempts reads the run's deliveries, one page at a time. It counts their attempts, marks
// steps as inconclusive whose deliveries were neither sent nor checked, and adds deliveries and
// exchanges to the steps.
func (r *run) countAttempts(ctx context.Context, report *Report) error {
	if len(r.deliveries) == 0 {
		r.attach(report, r.handshakes)
		return nil
	}
	first, last := r.deliveries[0].seq, r.deliveries[0].seq
	for _, m := range r.deliveries {
		first, last = min(first, m.seq), max(last, m.seq)
	}
	deliveries, wanted := maps.Clone(r.handshakes), r.wanted(report)
	unsentFound := 0
	q := mockserver.DeliveryQuery{After: first - 1, Before: last + 1, Limit: mockserver.MaxLimit}
	for {
		page, err := r.client.Deliveries(ctx, q)
		if err != nil {
			report.Notes = append(report.Notes, "the attempts could not be counted: "+err.Error())
			break
		}
		for i := range page {
			d := &page[i]
			q.Before = d.Seq
			at, ok := r.byID[d.ID]
			if !ok {
				continue
			}
			report.Counts.Attempts += len(d.Attempts)
			if unsent(d) && !r.checked[d.ID] && !r.expectsUnsent() && unsentFound < mostExchanges {
				unsentFound++
				wanted[d.ID] = true
				if record := r.steps[r.deliveries[at].step]; record != nil {
					record.wrong = append(record.wrong, d.ID) // the report lists it first
				}
				report.inconclusive(r.deliveries[at].step, fmt.Sprintf("the %s was not sent, and nothing checks it: %s", r.deliveryName(d), d.Attempts[len(d.Attempts)-1].Error))
			}
			if wanted[d.ID] {
				copied := *d
				deliveries[d.ID] = &copied
			}
		}
		if len(page) < q.Limit || q.Before <= first {
			break
		}
	}
	r.attach(report, deliveries)
	return nil
}

// unsent reports whether no attempt of a delivery could be sent.
func unsent(d *mockserver.Delivery) bool {
	return len(d.Attempts) > 0 && !slices.ContainsFunc(d.Attempts, func(a mockserver.Attempt) bool { return a.Outcome != mockserver.NotSent })
}

// wanted returns the ids of the deliveries that the report lists.
func (r *run) wanted(report *Report) map[string]bool {
	ids := map[string]bool{}
	for i := range report.Steps {
		s := &report.Steps[i]
		record := r.steps[s.ID]
		if s.Status == Skipped || record == nil {
			continue
		}
		list := record.listed(s.Status)
		for _, id := range list[:min(len(list), mostDeliveries)] {
			ids[id] = true
		}
	}
	return ids
}

// inconclusive marks a step that passed as inconclusive, with the reason. It does not change the
// status of other steps.
func (r *Report) inconclusive(step, why string) {
	for i := range r.Steps {
		s := &r.Steps[i]
		if s.ID != step || s.Status != Passed && s.Status != Inconclusive {
			continue
		}
		if s.Status == Inconclusive {
			why = s.Detail + "\n" + why
		}
		s.Status, s.Detail = Inconclusive, why
	}
}
