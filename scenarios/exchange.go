package scenarios

import (
	"bytes"
	"context"
	"fmt"
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
	ID string    `json:"id"`
	At time.Time `json:"at"` // when it was sent or received
	// duration of an attempt, by the wall clock
	TookMS   float64                     `json:"took_ms,omitempty"`
	Outcome  mockserver.Outcome          `json:"outcome,omitempty"`  // outcome of an attempt
	Status   int                         `json:"status,omitempty"`   // status of the response
	Reason   string                      `json:"reason,omitempty"`   // why an attempt has no status
	Request  mockserver.Message          `json:"request"`            // the request as sent
	Response *mockserver.AttemptResponse `json:"response,omitempty"` // nil without a response
	// Verification is the bin's check of the signature.
	Verification *mockserver.Verification `json:"verification,omitempty"`
	// RequestText and ResponseText show the messages as HTTP text. A body that is not text is
	// quoted.
	RequestText  string `json:"request_text"`
	ResponseText string `json:"response_text,omitempty"`
}

// mostExchanges is the largest number of exchanges that the report lists for one step.
const mostExchanges = 20

// attach adds exchanges to the steps that did not redaction. deliveries are the deliveries of these
// steps, by id.
func (r *run) attach(report *Report, deliveries map[string]*mockserver.Delivery) {
	for i := range report.Steps {
		s := &report.Steps[i]
		record := r.steps[s.ID]
		if s.Status == Passed || s.Status == Skipped || record == nil {
			continue
		}
		ids := slices.Concat(record.deliveries, record.checked)
		seen, missing := map[string]bool{}, 0
		var all []Exchange
		for _, id := range ids {
			if seen[id] {
				continue
			}
			seen[id] = true
			if d := deliveries[id]; d == nil {
				missing++
			} else {
				for k := range d.Attempts {
					all = append(all, r.attempt(d, &d.Attempts[k]))
				}
			}
		}
		for _, a := range record.answers {
			all = append(all, r.called(a.exchange))
		}
		for k := range record.captures {
			all = append(all, r.captured(&record.captures[k]))
		}
		s.Exchanges = all[:min(len(all), mostExchanges)]
		s.More = len(all) - len(s.Exchanges) + missing + record.captured - len(record.captures)
	}
}

func (r *run) attempt(d *mockserver.Delivery, a *mockserver.Attempt) Exchange {
	e := Exchange{
		Name: fmt.Sprintf("attempt %d of the %s", a.N, r.deliveryName(d)), ID: d.ID, At: a.At, TookMS: a.TookMS,
		Outcome: a.Outcome, Status: a.Status, Reason: r.redact(redact.Quoted(a.Error)), Request: r.without(a.Sent),
	}
	if member := mockserver.ChangedMember(d.Event.Body, a.Sent.Body); member != "" {
		e.Name += ", with changed " + member
	}
	if a.Response != nil {
		response := *a.Response
		m := r.without(mockserver.Message{Headers: response.Headers, Body: response.Body})
		response.Headers, response.Body = m.Headers, m.Body
		e.Response = &response
		e.ResponseText = responseText(&response)
	}
	e.RequestText = requestText(&e.Request)
	return e
}

func (r *run) captured(c *mockserver.Capture) Exchange {
	label := c.Bin
	for _, b := range r.bins {
		if b.name == c.Bin {
			label = b.label
		}
	}
	e := Exchange{
		Name: fmt.Sprintf("capture %s in bin %s", c.ID, label), ID: c.ID, At: c.At,
		Request: r.without(c.Message), Verification: c.Verification,
	}
	if c.Response != nil {
		e.Status = c.Response.Status
		if e.Status == 0 {
			e.Status = 200
		}
	}
	e.RequestText = requestText(&e.Request)
	return e
}

// called returns the exchange of a call without secrets.
func (r *run) called(e *Exchange) Exchange {
	one := *e
	one.Name, one.Reason = r.redact(redact.URLs(one.Name)), r.redact(redact.Quoted(one.Reason))
	one.Request = r.without(one.Request)
	one.RequestText = requestText(&one.Request)
	if one.Response != nil {
		response := *one.Response
		m := r.without(mockserver.Message{Headers: response.Headers, Body: response.Body})
		response.Headers, response.Body = m.Headers, m.Body
		one.Response, one.ResponseText = &response, responseText(&response)
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
// steps as inconclusive whose deliveries were neither sent nor checked, and adds exchanges to the
// steps that did not pass.
func (r *run) countAttempts(ctx context.Context, report *Report) error {
	if len(r.deliveries) == 0 {
		r.attach(report, nil)
		return nil
	}
	first, last := r.deliveries[0].seq, r.deliveries[0].seq
	for _, m := range r.deliveries {
		first, last = min(first, m.seq), max(last, m.seq)
	}
	deliveries, wanted := map[string]*mockserver.Delivery{}, r.wanted(report)
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

// wanted returns the ids of deliveries of the steps that did not pass, as many as a report lists.
func (r *run) wanted(report *Report) map[string]bool {
	ids := map[string]bool{}
	for i := range report.Steps {
		s := &report.Steps[i]
		record := r.steps[s.ID]
		if s.Status == Passed || s.Status == Skipped || record == nil {
			continue
		}
		list := slices.Concat(record.deliveries, record.checked)
		for _, id := range list[:min(len(list), 2*mostExchanges)] {
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
