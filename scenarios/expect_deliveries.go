package scenarios

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hookrig/hookrig/internal/clip"
	"github.com/hookrig/hookrig/mockserver"
)

// checkDeliveries checks the states and attempts of deliveries.
func (r *run) checkDeliveries(ctx context.Context, s *Step, x *Deliveries, record *stepRecord, v *result) error {
	ids := record.deliveries
	switch {
	case x.Of != "" && r.steps[x.Of] != nil:
		ids = r.steps[x.Of].deliveries
	case s.Subscribe == nil && s.Journey == nil && s.Deliver == nil && s.Replay == nil:
		for _, m := range r.deliveries {
			ids = append(ids, m.id)
		}
	}
	count := AtLeast(1)
	if x.Count != nil {
		count = x.Count
	}
	if !count.holds(len(ids)) {
		v.fail("want %s, got %d: does a subscription select the events?", count.of("delivery"), len(ids))
		return nil
	}
	list, err := r.awaitDeliveries(ctx, ids, x)
	if err != nil {
		return err
	}
	for _, id := range ids {
		r.checked[id] = true
	}
	record.checked = append(record.checked, ids...)
	wrong := checkAttempts(x, list, r.deliveryName)
	v.failEach(wrong)
	r.noteWrong(x, list, record, v)
	if len(wrong) == 0 {
		v.note("%s", x.describe(len(list)))
	}
	for i := range list {
		if err := compareAttempts(ctx, x, &list[i], r.deliveryName(&list[i]), v); err != nil {
			return err
		}
	}
	return nil
}

// noteWrong records the deliveries that are not as expected, and how they differ.
func (r *run) noteWrong(x *Deliveries, list []mockserver.Delivery, record *stepRecord, v *result) {
	for i := range list {
		d := &list[i]
		if len(record.wrong) >= mostDeliveries {
			return
		}
		if len(checkAttempts(x, list[i:i+1], r.deliveryName)) == 0 {
			continue
		}
		record.wrong = append(record.wrong, d.ID)
		if want, got := x.Attempts.Outcomes, outcomesOf(d); len(want) > 0 && !slices.EqualFunc(want, got, matches) {
			v.differ("attempts of "+r.deliveryName(d), strings.Join(want, ", "), strings.Join(got, ", "))
		}
		if due := dueAfter(d); len(x.Due) > 0 && !slices.Equal(due, x.Due) {
			v.differ("times of "+r.deliveryName(d), spans(x.Due), spans(due))
		}
	}
}

// outcomesOf returns the outcomes of a delivery's attempts in the form of Attempts.
func outcomesOf(d *mockserver.Delivery) []string {
	list := make([]string, len(d.Attempts))
	for i := range d.Attempts {
		list[i] = outcome(&d.Attempts[i])
	}
	return list
}

// dueAfter returns when each attempt was due, relative to the first.
func dueAfter(d *mockserver.Delivery) []Duration {
	var list []Duration
	for i := range d.Attempts {
		list = append(list, Duration(d.Attempts[i].Due.Sub(d.Attempts[0].Due)))
	}
	return list
}

// checkAttempts returns the mistakes in the states, outcomes and times of deliveries.
func checkAttempts(x *Deliveries, list []mockserver.Delivery, name func(*mockserver.Delivery) string) []string {
	var wrong []string
	for i := range list {
		d := &list[i]
		add := func(format string, args ...any) {
			wrong = append(wrong, name(d)+": "+fmt.Sprintf(format, args...))
		}
		got := outcomesOf(d)
		if x.State != "" && d.State != x.State {
			add("want %s, got %s%s", x.State, d.State, history(d, got))
		}
		if n := x.Attempts.Number; n > 0 && n != len(got) {
			add("want %s, got %d%s", plural(n, "attempt"), len(got), history(d, got))
		}
		if want := x.Attempts.Outcomes; len(want) > 0 && !slices.EqualFunc(want, got, matches) {
			add("want the attempts %s, got %s%s", strings.Join(want, ", "), cmp.Or(strings.Join(got, ", "), "none"), lastResponse(d))
		}
		if due := dueAfter(d); len(x.Due) > 0 && !slices.Equal(due, x.Due) {
			add("want the attempts due after %s, got %s", spans(x.Due), spans(due))
		}
	}
	return wrong
}

// outcome returns the outcome of an attempt in the form of Attempts: a status or a name.
func outcome(a *mockserver.Attempt) string {
	if a.Outcome == mockserver.GotStatus {
		return strconv.Itoa(a.Status)
	}
	return string(a.Outcome)
}

// matches reports whether an outcome is the wanted one, or is in a wanted class such as 4xx.
func matches(want, got string) bool {
	if class, ok := strings.CutSuffix(want, "xx"); ok {
		return len(got) == 3 && strings.HasPrefix(got, class)
	}
	return want == got
}

// history describes the attempts of a delivery so far.
func history(d *mockserver.Delivery, outcomes []string) string {
	if len(outcomes) == 0 {
		return ", no attempt was made"
	}
	return " after " + strings.Join(outcomes, ", ") + lastResponse(d)
}

// lastResponse returns the error of the last attempt of a delivery, or the body of its response.
func lastResponse(d *mockserver.Delivery) string {
	n := len(d.Attempts)
	if n == 0 {
		return ""
	}
	switch last := &d.Attempts[n-1]; {
	case last.Error != "":
		return " (" + last.Error + ")"
	case last.Response != nil && len(last.Response.Body) > 0:
		return fmt.Sprintf(" (%q)", clip.Text(strings.ToValidUTF8(string(last.Response.Body), "�"), 200))
	}
	return ""
}

// deliveryName names a delivery by its step, event and faults, as an id alone tells a reader
// nothing.
func (r *run) deliveryName(d *mockserver.Delivery) string {
	if r.handshakes[d.ID] != nil {
		return fmt.Sprintf("handshake %s", d.Event.Name)
	}
	i, ok := r.byID[d.ID]
	if !ok {
		return fmt.Sprintf("delivery %s (%s)", d.ID, d.Event.Name)
	}
	m := r.deliveries[i]
	name := "delivery"
	if r.steps[m.step] != nil && len(r.steps[m.step].deliveries) > 1 {
		name = fmt.Sprintf("delivery %d", m.number)
	}
	return fmt.Sprintf("%s of step %s (%s)", name, m.step, strings.Join(append([]string{m.event}, m.faults...), ", "))
}

func spans(list []Duration) string {
	texts := make([]string, len(list))
	for i := range list {
		texts[i] = list[i].String()
	}
	return cmp.Or(strings.Join(texts, ", "), "none")
}

// describe summarises the successful checks of n deliveries.
func (x *Deliveries) describe(n int) string {
	text := plural(n, "delivery")
	if x.State != "" {
		text += " " + string(x.State)
	}
	if x.Attempts.set() {
		text += ", attempts " + x.Attempts.String()
	}
	if len(x.Due) > 0 {
		text += ", due after " + spans(x.Due)
	}
	return text
}

// compareAttempts checks the aspects that must be equal or differ in the attempts of one delivery.
func compareAttempts(ctx context.Context, x *Deliveries, d *mockserver.Delivery, name string, v *result) error {
	names := make([]string, len(d.Attempts))
	for i := range d.Attempts {
		names[i] = fmt.Sprintf("attempt %d of the %s", d.Attempts[i].N, name)
	}
	texts := func(a Aspect) ([]string, error) {
		out := make([]string, len(d.Attempts))
		for i := range d.Attempts {
			var err error
			if out[i], err = a.of(ctx, d.Attempts[i].Sent, d.Event.ID); err != nil {
				return nil, fmt.Errorf("%s: %w", names[i], err)
			}
		}
		return out, nil
	}
	return compare(x.Same, x.Differs, names, texts, v)
}
