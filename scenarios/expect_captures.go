package scenarios

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/internal/clip"
	"github.com/hookrig/hookrig/mockserver"
)

// checkCaptures waits for a bin's captures and checks them.
func (r *run) checkCaptures(ctx context.Context, s *Step, x *Captures, record *stepRecord, v *result) error {
	b := r.bin(x.Bin, v)
	if b == nil {
		return nil
	}
	after := r.since(s, x.Since, record, b.label)
	count := AtLeast(1)
	if x.Count != nil {
		count = x.Count
	}
	waited, err := r.client.Wait(ctx, b.name, mockserver.Wait{
		Where: string(x.Where), Count: count.Min, Max: count.Max, After: after,
		Timeout: mockserver.Duration(x.Within.or(defaultWithin)), Settle: x.Settle.toServer(),
	})
	if err != nil {
		return err
	}
	list, err := r.captures(ctx, b, after, x.Where)
	if err != nil {
		return err
	}
	record.captures = append(record.captures, list[:min(len(list), mostExchanges)]...)
	record.captured += len(list)
	current, err := r.binSummary(ctx, b)
	if err != nil {
		return err
	}
	complete := current.Evicted == 0 && !waited.Inconclusive
	switch {
	case current.Evicted > 0:
		v.inconclusive("bin %s evicted %d captures to make room, so some captures are missing", b.label, current.Evicted)
	case !complete:
		v.inconclusive("bin %s: %s", b.label, waited.Reason)
	}
	switch tooMany := count.Max != nil && len(list) > *count.Max; {
	case !complete && !tooMany && !count.holds(len(list)):
		v.inconclusive("bin %s: want %s, it has %d now", b.label, count.of("capture"), len(list))
	case tooMany || complete && (!waited.OK || !count.holds(len(list))):
		v.fail("bin %s: want %s, got %d%s", b.label, count.of("capture"), len(list), near(waited.Nearest))
		v.near(waited.Nearest)
	default:
		v.note("%s", plural(len(list), "capture"))
	}
	if err := r.checkEach(ctx, x, b, list, complete, v); err != nil {
		return err
	}
	if x.Order == AsSent && x.Where == "" && complete {
		return r.checkComplete(ctx, b, r.sentSince(s, x.Since, record), list, v)
	}
	return nil
}

// nearestLine is how the line of a near miss begins.
const nearestLine = "  nearest "

// near lists the captures that matched most nearly, one per line.
func near(misses []mockserver.NearMiss) string {
	text := ""
	for _, miss := range misses {
		text += "\n" + nearestLine + fmt.Sprintf("%s %s %s: %s", miss.Capture.ID, miss.Capture.Method, clip.Text(miss.Capture.Target, 80), strings.Join(miss.Differences, "; "))
	}
	return text
}

// checkEach checks each capture. If the captures are complete, it also checks their events and
// their order.
func (r *run) checkEach(ctx context.Context, x *Captures, b *bin, list []mockserver.Capture, complete bool, v *result) error {
	if len(list) == 0 {
		return nil // the count is checked already
	}
	if x.Verified != "" {
		checkVerified(x.Verified, list, v)
	}
	checking := x.Schema != "" || x.Headers.Documented || len(x.Events) > 0 || x.Order != ""
	known := make([]*runEvent, len(list))
	for i := range list {
		known[i] = r.events[string(list[i].Body)]
		if known[i] == nil && checking {
			v.fail("no step of this run sent the body of %s: %s", list[i].ID, excerpt(string(list[i].Body), ""))
		}
	}
	if x.Schema != "" || x.Headers.Documented || x.Events.All() {
		p, err := r.catalogue.Provider(b.Provider)
		if err != nil {
			return err
		}
		if x.Schema != "" {
			checkSchema(p, list, known, v)
		}
		if x.Headers.Documented {
			if err := checkDocumented(p, b, list, known, v); err != nil {
				return err
			}
		}
		if x.Events.All() && complete {
			checkCoverage(p, known, v)
		}
	}
	if err := checkHeaders(x.Headers.Lines, list, v); err != nil {
		return err
	}
	if len(x.Events) > 0 && !x.Events.All() && complete {
		checkEvents(x.Events, known, v)
	}
	if x.Order != "" && complete {
		checkOrder(x.Order, list, known, v)
	}
	return r.compare(ctx, x, list, known, v)
}

func checkVerified(want signature.Verdict, list []mockserver.Capture, v *result) {
	var wrong []string
	for i := range list {
		switch got := list[i].Verification; {
		case got == nil:
			wrong = append(wrong, list[i].ID+" was not verified: name a provider for the bin")
		case got.Verdict != want:
			why := ""
			if got.Explanation != "" {
				why = ": " + got.Explanation
			}
			wrong = append(wrong, fmt.Sprintf("%s: want the signature %s, got %s%s", list[i].ID, want, got.Verdict, why))
		}
	}
	v.failEach(wrong)
	if len(wrong) == 0 {
		v.note("signatures %s", want)
	}
}

func checkSchema(p *fixtures.Provider, list []mockserver.Capture, known []*runEvent, v *result) {
	var wrong []string
	for i := range list {
		if known[i] == nil {
			continue // reported already
		}
		if err := p.Validate(known[i].Name, list[i].Body); err != nil {
			wrong = append(wrong, fmt.Sprintf("%s: %v", list[i].ID, err))
		}
	}
	v.failEach(wrong)
	if len(wrong) == 0 {
		v.note("bodies satisfy their schemas")
	}
}

// checkCoverage checks that every event type of a provider arrived.
func checkCoverage(p *fixtures.Provider, known []*runEvent, v *result) {
	var missing []string
	for _, name := range eventNames(p) {
		if !slices.ContainsFunc(known, func(e *runEvent) bool { return e != nil && e.Name == name }) {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		v.fail("%d of the %d event types of %s did not arrive: %s", len(missing), len(p.Events), p.Name, strings.Join(missing, ", "))
		return
	}
	v.note("all %d event types", len(p.Events))
}

func checkHeaders(lines map[string]string, list []mockserver.Capture, v *result) error {
	var wrong []string
	for _, name := range keys(lines) {
		want, err := wholeLine(lines[name])
		if err != nil {
			return err
		}
		for i := range list {
			value, problem := oneLine(list[i].Headers, name)
			if problem == "" && !want.MatchString(value) {
				problem = fmt.Sprintf("header %s: want %s, got %q", name, lines[name], value)
			}
			if problem != "" {
				wrong = append(wrong, list[i].ID+": "+problem)
			}
		}
	}
	v.failEach(wrong)
	if len(lines) > 0 && len(wrong) == 0 {
		v.note("headers %s", strings.Join(keys(lines), ", "))
	}
	return nil
}

// oneLine returns the value of the only header line with exactly this name, or a problem when there
// is not exactly one.
func oneLine(headers signature.Headers, name string) (value, problem string) {
	lines, exact := 0, false
	written := ""
	for _, h := range headers {
		if strings.EqualFold(h.Name, name) {
			lines++
			value, written, exact = h.Value, h.Name, h.Name == name
		}
	}
	switch {
	case lines == 0:
		return "", fmt.Sprintf("header %s is missing", name)
	case lines > 1:
		return "", fmt.Sprintf("header %s occurs %d times", name, lines)
	case !exact:
		return "", fmt.Sprintf("header %s is spelt %s", name, written)
	}
	return value, ""
}

func checkEvents(want EventList, known []*runEvent, v *result) {
	got := make([]string, len(known))
	for i, e := range known {
		got[i] = "?"
		if e != nil {
			got[i] = e.Name
		}
	}
	if !slices.Equal(got, want) {
		v.fail("want the events %s, got %s", strings.Join(want, ", "), strings.Join(got, ", "))
		v.differ("events", strings.Join(want, ", "), strings.Join(got, ", "))
		return
	}
	v.note("events %s", strings.Join(want, ", "))
}

// checkOrder checks the order of the events by their first arrival. It ignores copies and retries.
func checkOrder(want Order, list []mockserver.Capture, known []*runEvent, v *result) {
	type last struct {
		at int // index in the journey, or rank in the run
		id string
		of string
	}
	journeys, seen := map[string]last{}, map[*runEvent]bool{}
	var wrong []string
	for i, e := range known {
		if e == nil || seen[e] {
			continue
		}
		seen[e] = true
		journey, at := e.journey, e.index
		if want == AsSent {
			journey, at = "", e.rank
		}
		if before, ok := journeys[journey]; ok && at < before.at {
			wrong = append(wrong, fmt.Sprintf("%s (%s) arrived after %s (%s)", e.Name, list[i].ID, before.of, before.id))
			continue
		}
		journeys[journey] = last{at: at, id: list[i].ID, of: e.Name}
	}
	switch {
	case want == OutOfOrder && len(wrong) == 0:
		v.fail("want the events out of order, they arrived as they happened")
	case want == OutOfOrder:
		v.note("out of order: %s", wrong[0])
	case len(wrong) > 0:
		v.failEach(wrong)
	default:
		v.note("in order")
	}
}

// checkComplete checks that the captures contain every attempt that was written whole to the bin,
// and nothing else.
func (r *run) checkComplete(ctx context.Context, b *bin, sent []runDelivery, list []mockserver.Capture, v *result) error {
	arrived := map[string]int{}
	for i := range list {
		arrived[string(list[i].Body)]++
	}
	var missing []string
	for _, m := range sent {
		if !leadsTo(m.url, b.url) {
			continue
		}
		d, err := r.client.Delivery(ctx, m.id)
		if err != nil {
			return err
		}
		for _, a := range d.Attempts {
			if a.Outcome != mockserver.GotStatus && a.Outcome != mockserver.NoResponse {
				continue
			}
			if arrived[string(a.Sent.Body)]--; arrived[string(a.Sent.Body)] < 0 {
				missing = append(missing, fmt.Sprintf("attempt %d of the %s was sent and is not in bin %s", a.N, r.deliveryName(&d), b.label))
			}
		}
	}
	v.failEach(missing)
	if len(sent) < len(r.deliveries) {
		return nil // others can be retries of earlier deliveries
	}
	for i := range list {
		if arrived[string(list[i].Body)] > 0 {
			v.fail("bin %s has %d captures more than were sent, such as %s", b.label, arrived[string(list[i].Body)], list[i].ID)
			break
		}
	}
	return nil
}

// compare checks the aspects that must be equal or differ in the captures.
func (r *run) compare(ctx context.Context, x *Captures, list []mockserver.Capture, known []*runEvent, v *result) error {
	names := make([]string, len(list))
	for i := range list {
		names[i] = list[i].ID
	}
	texts := func(a Aspect) ([]string, error) {
		out := make([]string, len(list))
		for i := range list {
			id := "unknown " + list[i].ID
			if known[i] != nil {
				id = known[i].ID
			}
			var err error
			if out[i], err = a.of(ctx, list[i].Message, id); err != nil {
				return nil, fmt.Errorf("%s: %w", list[i].ID, err)
			}
		}
		return out, nil
	}
	return compare(x.Same, x.Differs, names, texts, v)
}

// compare checks aspects of several messages. texts returns one aspect of all messages.
func compare(same, differs []Aspect, names []string, texts func(Aspect) ([]string, error), v *result) error {
	for _, a := range same {
		values, err := texts(a)
		if err != nil {
			return err
		}
		wrong := alike(a, values, names)
		v.failEach(wrong)
		for i := range values {
			if values[i] != values[0] {
				v.differ(fmt.Sprintf("%s of %s and of %s", a, names[0], names[i]), values[0], values[i])
			}
		}
		if len(wrong) == 0 {
			v.note("same %s", a)
		}
	}
	for _, a := range differs {
		values, err := texts(a)
		if err != nil {
			return err
		}
		wrong := different(a, values, names)
		v.failEach(wrong)
		if len(wrong) == 0 {
			v.note("%s differs", a)
		}
	}
	return nil
}

// checkNever checks that no capture arrives for some time.
func (r *run) checkNever(ctx context.Context, s *Step, x *Never, record *stepRecord, v *result) error {
	b := r.bin(x.Bin, v)
	if b == nil {
		return nil
	}
	none, span := 0, x.For.or(defaultFor)
	after := r.since(s, x.Since, record, b.label)
	waited, err := r.client.Wait(ctx, b.name, mockserver.Wait{
		Where: string(x.Where), Max: &none, After: after,
		Timeout: mockserver.Duration(span + defaultWithin), Settle: mockserver.Duration(span),
	})
	if err != nil {
		return err
	}
	switch {
	case waited.OK:
		v.note("nothing for %s", Duration(span))
		return nil
	case waited.Inconclusive:
		v.inconclusive("bin %s: %s", b.label, waited.Reason)
		return nil
	}
	var wrong []string
	for _, c := range waited.Matched {
		wrong = append(wrong, fmt.Sprintf("bin %s: want no capture, got %s: %s %s %s", b.label, c.ID, c.Method, clip.Text(c.Target, 80), excerpt(string(c.Body), "")))
	}
	if len(wrong) == 0 {
		wrong = []string{fmt.Sprintf("bin %s: want no capture, got one", b.label)}
	}
	v.failEach(wrong)
	return nil
}
