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
		Timeout: mockserver.Duration(x.Within.or(defaultWithin)), Settle: x.Settle.journal(),
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
	current, err := r.stored(ctx, b)
	if err != nil {
		return err
	}
	whole := current.Evicted == 0 && !waited.Inconclusive
	switch {
	case current.Evicted > 0:
		v.inconclusive("bin %s dropped %d captures to make room: what it holds is not all that came", b.label, current.Evicted)
	case !whole:
		v.inconclusive("bin %s: %s", b.label, waited.Reason)
	}
	switch tooMany := count.Max != nil && len(list) > *count.Max; {
	case !whole && !tooMany && !count.holds(len(list)):
		v.inconclusive("bin %s: want %s, it still holds %d", b.label, count.of("capture"), len(list))
	case tooMany || whole && (!waited.OK || !count.holds(len(list))):
		v.fail("bin %s: want %s, got %d%s", b.label, count.of("capture"), len(list), near(waited.Nearest))
	default:
		v.note("%s", plural(len(list), "capture"))
	}
	if err := r.checkEach(ctx, x, b, list, whole, v); err != nil {
		return err
	}
	if x.Order == AsSent && x.Where == "" && whole {
		return r.checkComplete(ctx, b, r.sentSince(s, x.Since, record), list, v)
	}
	return nil
}

// near writes the captures that came closest, a line each.
func near(misses []mockserver.NearMiss) string {
	text := ""
	for _, miss := range misses {
		text += fmt.Sprintf("\n  nearest %s %s %s: %s", miss.Capture.ID, miss.Capture.Method, clip.Text(miss.Capture.Target, 80), strings.Join(miss.Differences, "; "))
	}
	return text
}

// checkEach checks what every capture, and all of them together, must be; the latter only when they are whole, all that came.
func (r *run) checkEach(ctx context.Context, x *Captures, b *bin, list []mockserver.Capture, whole bool, v *result) error {
	if len(list) == 0 {
		return nil // the count has been checked
	}
	if x.Verified != "" {
		checkVerified(x.Verified, list, v)
	}
	checking := x.Schema != "" || x.Headers.Documented || len(x.Events) > 0 || x.Order != ""
	known := make([]*sent, len(list))
	for i := range list {
		known[i] = r.events[string(list[i].Body)]
		if known[i] == nil && checking {
			v.fail("%s holds a body that no step of this run sent: %s", list[i].ID, excerpt(string(list[i].Body), ""))
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
		if x.Events.All() && whole {
			checkCoverage(p, known, v)
		}
	}
	if err := checkHeaders(x.Headers.Lines, list, v); err != nil {
		return err
	}
	if len(x.Events) > 0 && !x.Events.All() && whole {
		checkEvents(x.Events, known, v)
	}
	if x.Order != "" && whole {
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

func checkSchema(p *fixtures.Provider, list []mockserver.Capture, known []*sent, v *result) {
	var wrong []string
	for i := range list {
		if known[i] == nil {
			continue // told already
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

// checkCoverage checks that every event type of a provider is there.
func checkCoverage(p *fixtures.Provider, known []*sent, v *result) {
	var missing []string
	for _, name := range eventNames(p) {
		if !slices.ContainsFunc(known, func(e *sent) bool { return e != nil && e.Name == name }) {
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

// oneLine returns the value of the one header line called exactly name, or says why there is not one.
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
		return "", fmt.Sprintf("header %s stands %d times", name, lines)
	case !exact:
		return "", fmt.Sprintf("header %s is written %s", name, written)
	}
	return value, ""
}

func checkEvents(want EventList, known []*sent, v *result) {
	got := make([]string, len(known))
	for i, e := range known {
		got[i] = "?"
		if e != nil {
			got[i] = e.Name
		}
	}
	if !slices.Equal(got, want) {
		v.fail("want the events %s, got %s", strings.Join(want, ", "), strings.Join(got, ", "))
		return
	}
	v.note("events %s", strings.Join(want, ", "))
}

// checkOrder looks at the first arrival of each event; copies and retries do not count.
func checkOrder(want Order, list []mockserver.Capture, known []*sent, v *result) {
	type last struct {
		at int // place in the life, or rank in the run
		id string
		of string
	}
	lives, seen := map[string]last{}, map[*sent]bool{}
	var wrong []string
	for i, e := range known {
		if e == nil || seen[e] {
			continue
		}
		seen[e] = true
		life, at := e.life, e.place
		if want == AsSent {
			life, at = "", e.rank
		}
		if before, ok := lives[life]; ok && at < before.at {
			wrong = append(wrong, fmt.Sprintf("%s (%s) arrived after %s (%s)", e.Name, list[i].ID, before.of, before.id))
			continue
		}
		lives[life] = last{at: at, id: list[i].ID, of: e.Name}
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

// checkComplete checks that every delivery to the bin of which an attempt was written whole is among the captures.
func (r *run) checkComplete(ctx context.Context, b *bin, sent []made, list []mockserver.Capture, v *result) error {
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
	if len(sent) < len(r.made) {
		return nil // what is more may be retries of deliveries made before
	}
	for i := range list {
		if arrived[string(list[i].Body)] > 0 {
			v.fail("%d captures more than were sent in bin %s, such as %s", arrived[string(list[i].Body)], b.label, list[i].ID)
			break
		}
	}
	return nil
}

// compare checks what the captures have in common.
func (r *run) compare(ctx context.Context, x *Captures, list []mockserver.Capture, known []*sent, v *result) error {
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

// compare checks the aspects of several messages; texts returns one aspect of all of them.
func compare(same, differs []Aspect, names []string, texts func(Aspect) ([]string, error), v *result) error {
	for _, a := range same {
		values, err := texts(a)
		if err != nil {
			return err
		}
		wrong := alike(a, values, names)
		v.failEach(wrong)
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

// checkNever watches that nothing arrives.
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
		wrong = append(wrong, fmt.Sprintf("bin %s: nothing was to arrive, %s did: %s %s %s", b.label, c.ID, c.Method, clip.Text(c.Target, 80), excerpt(string(c.Body), "")))
	}
	if len(wrong) == 0 {
		wrong = []string{fmt.Sprintf("bin %s: nothing was to arrive, something did", b.label)}
	}
	v.failEach(wrong)
	return nil
}
