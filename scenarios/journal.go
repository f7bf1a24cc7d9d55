package scenarios

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/internal/content"
	"github.com/hookrig/hookrig/mockserver"
)

// JournalEntry is one line of a journal (Options.Journal): something that was sent or received. Two
// runs of one scenario with one seed, against a consumer that answers alike, write equal lines,
// except for the members of Wall.
type JournalEntry struct {
	// Kind is run, step, attempt, capture or call.
	Kind string `json:"kind"`
	// Journal is the version of the format, in the first line of a run.
	Journal int `json:"journal,omitempty"`
	// Scenario is the name of the scenario, in the first line of a run.
	Scenario string `json:"scenario,omitempty"`
	// Seed is the seed of the run, in its first line.
	Seed *uint64 `json:"seed,omitempty"`

	// Step is the id of the step during which it happened; "" is after the last step.
	Step string `json:"step,omitempty"`
	// Verb is the verb of a step.
	Verb string `json:"verb,omitempty"`
	// Status is the result of a step.
	Status Status `json:"status,omitempty"`

	// Delivery is the number of the delivery in the run, from 1.
	Delivery int `json:"delivery,omitempty"`
	// Of is the id of the step that made the delivery.
	Of string `json:"of,omitempty"`
	// Provider is the provider of an attempt.
	Provider string `json:"provider,omitempty"`
	// Event is the name of the attempt's event.
	Event string `json:"event,omitempty"`
	// EventID is the id of the attempt's event.
	EventID string `json:"event_id,omitempty"`
	// N is the number of the attempt, from 1.
	N int `json:"n,omitempty"`
	// Due is when an attempt was due on a virtual clock.
	Due time.Time `json:"due,omitzero"`
	// Fault names the faults of an attempt.
	Fault string `json:"fault,omitempty"`
	// Outcome is how an attempt ended.
	Outcome mockserver.Outcome `json:"outcome,omitempty"`
	// Bin is the name of the bin in the scenario.
	Bin string `json:"bin,omitempty"`
	// Verdict is the result of the bin's check of the signature.
	Verdict signature.Verdict `json:"verdict,omitempty"`

	// Request is what was sent or received; nil if nothing was sent.
	Request *mockserver.Message `json:"request,omitempty"`
	// Response is the response to it; nil without one.
	Response *JournalResponse `json:"response,omitempty"`

	// Wall has the members that differ from run to run.
	Wall Wall `json:"wall,omitzero"`
}

// JournalResponse is a response in a journal.
type JournalResponse struct {
	// Status is the status code.
	Status int `json:"status"`
	// Headers are the header lines.
	Headers signature.Headers `json:"headers,omitempty"`
	// Body is the beginning of the body.
	Body []byte `json:"body,omitempty"`
	// Truncated means that the body was longer.
	Truncated bool `json:"truncated,omitempty"`
}

// Wall are the values that depend on the wall clock, or on addresses that differ from run to run. A
// header value that does is "${wall}" in the request or response, and is listed here.
type Wall struct {
	// At is when it was sent or received.
	At time.Time `json:"at,omitzero"`
	// TookMS is how long it took, in milliseconds.
	TookMS float64 `json:"took_ms,omitempty"`
	// Due is when an attempt was due on a real clock.
	Due time.Time `json:"due,omitzero"`
	// ID is the id of the delivery or the capture.
	ID string `json:"id,omitempty"`
	// URL is where an attempt was sent to.
	URL string `json:"url,omitempty"`
	// Target is the exact request target, if it contains the unique name of a bin.
	Target string `json:"target,omitempty"`
	// Reason is why there is no response.
	Reason string `json:"reason,omitempty"`
	// Headers are the values of the request's header lines with "${wall}", in order.
	Headers signature.Headers `json:"headers,omitempty"`
	// Body is the request's body, if its bytes depend on the time.
	Body []byte `json:"body,omitempty"`
	// ResponseHeaders are those of the response.
	ResponseHeaders signature.Headers `json:"response_headers,omitempty"`
}

// journalVersion is the version of the format.
const journalVersion = 1

// inWall replaces a header value that depends on the wall clock.
const inWall = "${wall}"

// journal writes what a run sends and receives.
type journal struct {
	run      *run
	out      *json.Encoder
	attempts map[string]int    // attempts written, by delivery id
	cursors  map[string]uint64 // newest capture written, by bin
	varying  map[string]varying
}

// openJournal writes the first line. Without Options.Journal it returns nil, which records nothing.
func (r *run) openJournal(w io.Writer) (*journal, error) {
	if w == nil {
		return nil, nil
	}
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	j := &journal{run: r, out: out, attempts: map[string]int{}, cursors: map[string]uint64{}, varying: map[string]varying{}}
	return j, j.write(JournalEntry{
		Kind: "run", Journal: journalVersion, Scenario: r.scenario.Name, Seed: &r.scope.seed, Wall: Wall{At: time.Now().UTC(), URL: r.describeTarget()},
	})
}

func (j *journal) write(e JournalEntry) error {
	if err := j.out.Encode(e); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	return nil
}

// step writes what happened since the last call, and then the result of the step.
func (j *journal) step(ctx context.Context, s *StepReport) error {
	if j == nil {
		return nil
	}
	if err := j.calls(s); err != nil {
		return err
	}
	if err := j.deliveries(ctx, s.ID); err != nil {
		return err
	}
	if err := j.captures(ctx, s.ID); err != nil {
		return err
	}
	return j.write(JournalEntry{Kind: "step", Step: s.ID, Verb: s.Verb, Status: s.Status, Wall: Wall{TookMS: s.TookMS}})
}

// end writes what happened after the last step: on a real clock, deliveries go on.
func (j *journal) end(ctx context.Context) error {
	if j == nil {
		return nil
	}
	return errors.Join(j.deliveries(ctx, ""), j.captures(ctx, ""))
}

// calls writes the step's calls.
func (j *journal) calls(s *StepReport) error {
	record := j.run.steps[s.ID]
	if record == nil {
		return nil
	}
	for _, a := range record.answers {
		x := a.exchange
		e := JournalEntry{Kind: "call", Step: s.ID, Wall: Wall{At: x.At, TookMS: x.TookMS, Reason: j.run.redact(x.Reason)}}
		j.request(&e, x.Request, varying{})
		j.response(&e, x.Response)
		if err := j.write(e); err != nil {
			return err
		}
	}
	return nil
}

// deliveries writes the attempts since the last call: by delivery, in the order of sending.
func (j *journal) deliveries(ctx context.Context, step string) error {
	a := &awaited{run: j.run, x: &Deliveries{}, indexes: map[string][]int{}, list: make([]mockserver.Delivery, len(j.run.deliveries))}
	for i, d := range j.run.deliveries {
		if j.attempts[d.id] >= 0 {
			a.indexes[d.id] = append(a.indexes[d.id], i)
		}
	}
	if len(a.indexes) == 0 {
		return nil
	}
	if err := a.fetch(ctx); err != nil {
		return err
	}
	for i := range a.list {
		d := &a.list[i]
		if d.ID == "" {
			continue
		}
		for k := max(j.attempts[d.ID], 0); k < len(d.Attempts); k++ {
			if err := j.attempt(step, i, d, &d.Attempts[k]); err != nil {
				return err
			}
		}
		j.attempts[d.ID] = len(d.Attempts)
		if d.State != mockserver.Pending {
			j.attempts[d.ID] = -1 // there are no more
		}
	}
	return nil
}

func (j *journal) attempt(step string, i int, d *mockserver.Delivery, a *mockserver.Attempt) error {
	e := JournalEntry{
		Kind: "attempt", Step: step, Delivery: i + 1, Of: j.run.deliveries[i].step, Provider: d.Provider, Event: d.Event.Name, EventID: d.Event.ID,
		N: a.N, Fault: a.Fault, Outcome: a.Outcome,
		Wall: Wall{At: a.At, TookMS: a.TookMS, ID: d.ID, URL: d.URL, Reason: j.run.redact(a.Error)},
	}
	if j.run.virtual {
		e.Due = a.Due
	} else {
		e.Wall.Due = a.Due
	}
	if a.Sent.Method != "" {
		j.request(&e, a.Sent, j.varyingOf(d))
	}
	if a.Response != nil {
		j.response(&e, a.Response)
	}
	return j.write(e)
}

// captures writes the captures since the last call. Those of one bin are sorted by their content,
// because requests that are sent together may arrive in any order.
func (j *journal) captures(ctx context.Context, step string) error {
	for _, label := range keys(j.run.bins) {
		b := j.run.bins[label]
		list, err := j.run.captures(ctx, b, j.cursors[label], "")
		if err != nil {
			return err
		}
		if len(list) == 0 {
			continue
		}
		j.cursors[label] = list[len(list)-1].Seq
		entries := make([]JournalEntry, len(list))
		for i := range list {
			entries[i] = j.capture(step, b, &list[i])
		}
		slices.SortStableFunc(entries, func(a, b JournalEntry) int { return strings.Compare(sortKey(a), sortKey(b)) })
		for _, e := range entries {
			if err := j.write(e); err != nil {
				return err
			}
		}
	}
	return nil
}

func sortKey(e JournalEntry) string {
	e.Wall = Wall{}
	text, err := json.Marshal(e)
	if err != nil {
		return ""
	}
	return string(text)
}

func (j *journal) capture(step string, b *bin, c *mockserver.Capture) JournalEntry {
	e := JournalEntry{Kind: "capture", Step: step, Bin: b.label, Wall: Wall{At: c.At, ID: c.ID}}
	if c.Verification != nil {
		e.Verdict = c.Verification.Verdict
	}
	j.request(&e, c.Message, j.varyingIn(b))
	if c.Response != nil {
		e.Response = &JournalResponse{Status: max(c.Response.Status, 200)}
	}
	return e
}

// request sets the entry's request, without secrets, and moves what varies to its wall.
func (j *journal) request(e *JournalEntry, m mockserver.Message, v varying) {
	m = j.run.without(m)
	if target := j.target(m.Target); target != m.Target {
		e.Wall.Target, m.Target = m.Target, target
	}
	host := ownHost(j.run)
	for i := range m.Headers {
		h := &m.Headers[i]
		if name := strings.ToLower(h.Name); v.headers[name] || name == "date" || name == "host" && host != "" && h.Value == host {
			e.Wall.Headers = append(e.Wall.Headers, *h)
			h.Value = inWall
		}
	}
	if v.body {
		e.Wall.Body, m.Body = m.Body, nil
	}
	e.Request = &m
}

func (j *journal) response(e *JournalEntry, r *mockserver.AttemptResponse) {
	if r == nil {
		return
	}
	m := j.run.without(mockserver.Message{Headers: r.Headers, Body: r.Body})
	e.Response = &JournalResponse{Status: r.Status, Headers: m.Headers, Body: m.Body, Truncated: r.Truncated}
	for i := range m.Headers {
		if h := &m.Headers[i]; strings.EqualFold(h.Name, "Date") || strings.EqualFold(h.Name, "Hookrig-Capture") {
			e.Wall.ResponseHeaders = append(e.Wall.ResponseHeaders, *h)
			h.Value = inWall
		}
	}
}

// target replaces the unique name of a bin at the start of a request target by its name in the
// scenario.
func (j *journal) target(target string) string {
	path := content.Path(target)
	for label, b := range j.run.bins {
		if rest, ok := strings.CutPrefix(target, "/"+b.name); ok && (rest == "" || strings.HasPrefix(path, "/"+b.name+"/") || rest[0] == '?') {
			return "/" + label + rest
		}
	}
	return target
}

// ownHost returns the host of the run's bins; "" without bins.
func ownHost(r *run) string {
	for _, b := range r.bins {
		return hostOf(b.url)
	}
	return ""
}
