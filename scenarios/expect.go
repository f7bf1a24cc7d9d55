package scenarios

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Time limits of expectations without within and for.
const (
	defaultWithin = 5 * time.Second
	defaultFor    = 200 * time.Millisecond
)

// expect checks one expectation of a step.
func (r *run) expect(ctx context.Context, s *Step, e *Expectation, record *stepRecord, v *result) error {
	if e.Captures != nil {
		if err := r.checkCaptures(ctx, s, e.Captures, record, v); err != nil {
			return err
		}
	}
	if e.Never != nil {
		if err := r.checkNever(ctx, s, e.Never, record, v); err != nil {
			return err
		}
	}
	if e.Deliveries != nil {
		if err := r.checkDeliveries(ctx, s, e.Deliveries, record, v); err != nil {
			return err
		}
	}
	if e.Response != nil {
		if err := r.checkResponse(ctx, e.Response, record, v); err != nil {
			return err
		}
	}
	for _, name := range keys(e.Effects) {
		if err := r.checkEffect(ctx, name, e.Effects[name], record, v); err != nil {
			return err
		}
	}
	if e.Burst != nil {
		return r.checkBurst(ctx, s, e.Burst, v)
	}
	return nil
}

// since returns the cursor in a bin from which an expectation counts: that of the named step, that
// of its own step if that has a verb, or otherwise the start of the run.
func (r *run) since(s *Step, id string, record *stepRecord, bin string) uint64 {
	switch {
	case id != "" && r.steps[id] != nil:
		return r.steps[id].cursors[bin]
	case s.Verb() != "expect":
		return record.cursors[bin]
	}
	return 0
}

// sentSince returns the deliveries made since that cursor.
func (r *run) sentSince(s *Step, id string, record *stepRecord) []runDelivery {
	switch {
	case id != "" && r.steps[id] != nil:
		return r.deliveries[r.steps[id].before:]
	case s.Verb() != "expect":
		return r.deliveries[record.before:]
	}
	return r.deliveries
}

// alike checks that all texts are equal. what contains the names of their sources.
func alike(aspect Aspect, texts, what []string) []string {
	var lines []string
	for i := 1; i < len(texts); i++ {
		if texts[i] != texts[0] {
			lines = append(lines, fmt.Sprintf("%s differs: %s has %s, %s has %s", aspect, what[0], excerpt(texts[0], texts[i]), what[i], excerpt(texts[i], texts[0])))
		}
	}
	return lines
}

// different checks that no two texts are equal.
func different(aspect Aspect, texts, what []string) []string {
	var lines []string
	seen := map[string]int{}
	for i, text := range texts {
		if first, ok := seen[text]; ok {
			lines = append(lines, fmt.Sprintf("%s is the same in %s and %s: %s", aspect, what[first], what[i], excerpt(text, "")))
			continue
		}
		seen[text] = i
	}
	return lines
}

// excerpt quotes a text around the first difference from another.
func excerpt(text, other string) string {
	const around = 20
	at := 0
	for at < len(text) && at < len(other) && text[at] == other[at] {
		at++
	}
	from, to := max(at-around, 0), min(at+2*around, len(text))
	quoted := fmt.Sprintf("%q", strings.ToValidUTF8(text[from:to], "�"))
	if from > 0 {
		quoted = "…" + quoted
	}
	if to < len(text) {
		quoted += "…"
	}
	return quoted
}
