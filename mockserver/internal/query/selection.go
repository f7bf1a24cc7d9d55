package query

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// selection is a compiled query and condition. It belongs to one goroutine.
type selection struct {
	terms terms
	tests []test   // one for each term
	texts []string // contained in the text of every selected capture
	where *Condition
	text  journal.Folded
	read  *readLimits
}

// newSelection compiles a query and a condition; "" selects all. Errors wrap journal.ErrInvalid.
func (s *Searcher) newSelection(q, where string, now time.Time) (*selection, error) {
	of := &selection{read: s.bounds}
	var err error
	if of.terms, err = parseTerms(q); err != nil {
		return nil, err
	}
	if of.where, err = s.Condition(where); err != nil {
		return nil, err
	}
	for i := range of.terms {
		t := &of.terms[i]
		of.tests = append(of.tests, t.test(now))
		of.texts = append(of.texts, t.texts()...)
	}
	return of, nil
}

// all reports whether every capture is selected.
func (s *selection) all() bool { return len(s.tests) == 0 && s.where == nil }

// bin limits a query over all bins to the bin that the terms name.
func (s *selection) bin(q *journal.CaptureQuery) {
	for _, t := range s.terms {
		if q.Bin == "" && t.field == "bin" && !t.not {
			q.Bin = t.value
		}
	}
}

// selects reports whether a capture is selected. The error comes from ctx, or wraps
// journal.ErrInvalid when the condition takes too long.
func (s *selection) selects(ctx context.Context, c *journal.Capture) (bool, error) {
	if len(s.tests) > 0 && len(s.failing(c, 1)) > 0 {
		return false, nil
	}
	return s.where.selects(ctx, c)
}

// failing returns the terms that do not hold for a capture, up to limit.
func (s *selection) failing(c *journal.Capture, limit int) (failing []int) {
	share := s.read.begin(&c.Message)
	defer share.GiveBack()
	s.text.Read(c)
	for i, test := range s.tests {
		if len(failing) < limit && test(c, &s.text) == s.terms[i].not {
			failing = append(failing, i)
		}
	}
	if !share.Empty() {
		s.text = journal.Folded{} // a selection may wait for long, so it keeps no long text
	}
	return failing
}

// differences returns why a capture is not selected.
func (s *selection) differences(ctx context.Context, c *journal.Capture) []string {
	var all []string
	for _, i := range s.failing(c, len(s.tests)) {
		all = append(all, fmt.Sprintf("q: %s does not hold", s.terms[i]))
	}
	if s.where == nil {
		return all
	}
	if holds, err := s.where.selects(ctx, c); holds && err == nil {
		return all
	}
	return append(all, s.where.differences(ctx, c)...)
}

// String returns the query and the condition as text.
func (s *selection) String() string {
	var parts []string
	if len(s.terms) > 0 {
		parts = append(parts, s.terms.String())
	}
	if s.where != nil {
		parts = append(parts, s.where.text)
	}
	return strings.Join(parts, " and ")
}
