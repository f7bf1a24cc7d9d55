package scenarios

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hookrig/hookrig/mockserver"
)

// checkResponse checks the consumer's responses to a call or to deliveries.
func (r *run) checkResponse(ctx context.Context, x *Answer, record *stepRecord, v *result) error {
	of := record
	if x.Of != "" && r.steps[x.Of] != nil {
		of = r.steps[x.Of]
	}
	answers, deliveries, err := r.answers(ctx, of)
	if err != nil {
		return err
	}
	if len(answers) == 0 && of.impossible {
		v.skip("there is no response to check: step %s was skipped", x.Of)
		return nil
	}
	if len(answers) == 0 {
		v.inconclusive("there is no response to check: nothing was sent")
		return nil
	}
	for i := range deliveries {
		r.checked[deliveries[i].ID] = true
		record.checked = append(record.checked, deliveries[i].ID)
	}
	var wrong []string
	for i, a := range answers {
		if a.status == 0 && a.unsent {
			v.inconclusive("%s: the response cannot be checked: %s", a.name, a.problem)
			continue
		}
		lines, err := x.check(ctx, a)
		if err != nil {
			return err
		}
		if deliveries != nil && len(x.Hides) > 0 {
			shown, unclear, err := r.shows(x.Hides, a, &deliveries[i])
			if err != nil {
				return err
			}
			if len(shown) == 0 && len(unclear) > 0 {
				v.inconclusive("%s", unclear[0])
			}
			lines = append(lines, shown...)
		}
		wrong = append(wrong, lines...)
		if len(lines) > 0 && deliveries != nil {
			record.wrong = append(record.wrong, deliveries[i].ID)
		}
		if a.late {
			v.unanswered += len(lines)
		}
	}
	slow, err := x.slow(answers, deliveries, r.deliveryName)
	if err != nil {
		return err
	}
	if wrong = append(wrong, slow...); len(wrong) > 0 {
		v.failEach(wrong)
		return nil
	}
	if len(v.unsure) == 0 {
		v.note("%s", x.describe(len(answers)))
	}
	return nil
}

// check returns what is wrong with one response.
func (x *Answer) check(ctx context.Context, a *answer) ([]string, error) {
	if a.status == 0 {
		return []string{fmt.Sprintf("%s: want a response, got none: %s", a.name, a.problem)}, nil
	}
	var wrong []string
	add := func(format string, args ...any) {
		wrong = append(wrong, a.name+": "+fmt.Sprintf(format, args...))
	}
	got := strconv.Itoa(a.status)
	if len(x.Status) > 0 && !slices.ContainsFunc(x.Status, func(want string) bool { return matches(want, got) }) {
		add("want status %s, got %s", strings.Join(x.Status, " or "), a.describe())
	}
	for _, name := range keys(x.Headers) {
		want, err := wholeLine(x.Headers[name])
		if err != nil {
			return nil, fmt.Errorf("header %s: %w", name, err)
		}
		values := a.headers.Values(name)
		if len(values) == 0 {
			add("header %s is missing", name)
		}
		for _, value := range values {
			if !want.MatchString(value) {
				add("header %s: want %s, got %q", name, x.Headers[name], value)
			}
		}
	}
	if x.JQ != "" {
		out, err := first(ctx, string(x.JQ), a.root())
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case err != nil:
			add("want %s: %v; the response was %s", x.JQ, err, a.describe())
		case out == nil || out == false:
			add("want %s, got %s", x.JQ, a.describe())
		}
	}
	return wrong, nil
}

// slow returns the requests whose responses took too long.
func (x *Answer) slow(answers []*answer, deliveries []mockserver.Delivery, name func(*mockserver.Delivery) string) ([]string, error) {
	if x.Within == 0 {
		return nil, nil
	}
	limit := milliseconds(time.Duration(x.Within))
	var wrong []string
	add := func(name string, tookMS float64) {
		if tookMS > limit {
			took := time.Duration(tookMS * float64(time.Millisecond)).Round(time.Millisecond)
			wrong = append(wrong, fmt.Sprintf("%s: want the response within %s, it took %s", name, x.Within, took))
		}
	}
	if deliveries == nil {
		for _, a := range answers {
			if a.status != 0 {
				add(a.name, a.tookMS)
			}
		}
		return wrong, nil
	}
	for i := range deliveries {
		d := &deliveries[i]
		for k := range d.Attempts {
			if a := &d.Attempts[k]; a.Outcome == mockserver.GotStatus {
				add(fmt.Sprintf("attempt %d of the %s", a.N, name(d)), a.TookMS)
			}
		}
	}
	return wrong, nil
}

// describe summarises the successful checks of n responses.
func (x *Answer) describe(n int) string {
	text := plural(n, "response")
	if len(x.Status) > 0 {
		text += " " + strings.Join(x.Status, " or ")
	}
	if names := keys(x.Headers); len(names) > 0 {
		text += ", header " + strings.Join(names, ", ")
	}
	if x.JQ != "" {
		text += ", " + string(x.JQ)
	}
	if x.Within > 0 {
		text += ", within " + x.Within.String()
	}
	for _, what := range x.Hides {
		text += ", without " + what.describe()
	}
	return text
}
