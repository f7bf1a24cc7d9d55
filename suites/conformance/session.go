package conformance

import (
	"context"
	"errors"
	"reflect"

	"github.com/hookrig/hookrig/scenarios"
	"github.com/hookrig/hookrig/scenarios/exam"
)

// session is the exam of a consumer, while its checks are made.
type session struct {
	exam *exam.Exam
	// consumer is the current one. The exam calls its functions, so that a consumer that was
	// started again with a new database is asked, and not the one before.
	consumer Consumer
}

// open starts the exam of a consumer, unless it has been started. It ends that of another consumer.
// The error says why nothing can be graded, or why not all of it.
func (s *session) open(ctx context.Context, c Consumer) error {
	if s.exam != nil && same(s.consumer, c) {
		s.consumer = c
		return nil
	}
	s.close()
	s.consumer = c
	e, err := exam.Start(ctx, nil, s.asked())
	if err != nil {
		return err
	}
	if problem := e.Problem(); problem != "" {
		e.Close()
		return errors.New("the exam cannot begin: " + problem)
	}
	s.exam = e
	return nil
}

// same reports whether consumers are equal but for their functions.
func same(a, b Consumer) bool {
	values := func(c Consumer) (values Consumer, functions [6]bool) {
		functions = [...]bool{c.EffectFunc != nil, c.StateFunc != nil, c.Restart != nil, c.SQL != nil, c.Progress != nil, c.Steps != nil}
		c.EffectFunc, c.StateFunc, c.Restart, c.SQL, c.Progress, c.Steps = nil, nil, nil, nil, nil, nil
		c.Catalogue = nil // it is compared as a pointer
		return c, functions
	}
	one, its := values(a)
	other, theirs := values(b)
	return its == theirs && a.Catalogue == b.Catalogue && reflect.DeepEqual(one, other)
}

// asked returns the consumer with functions that call those of the current one.
func (s *session) asked() Consumer {
	c := s.consumer
	if c.EffectFunc != nil {
		c.EffectFunc = func(ctx context.Context) (int, error) { return s.consumer.EffectFunc(ctx) }
	}
	if c.StateFunc != nil {
		c.StateFunc = func(ctx context.Context, entity string) (any, error) { return s.consumer.StateFunc(ctx, entity) }
	}
	if c.Restart != nil {
		c.Restart = func(ctx context.Context) error { return s.consumer.Restart(ctx) }
	}
	if c.SQL != nil {
		c.SQL = func(ctx context.Context, dsn, query string, args []any) ([]map[string]any, error) {
			return s.consumer.SQL(ctx, dsn, query, args)
		}
	}
	if c.Progress != nil {
		c.Progress = func(r exam.Result) { s.consumer.Progress(r) }
	}
	if c.Steps != nil {
		c.Steps = func(p scenarios.Progress) { s.consumer.Steps(p) }
	}
	return c
}

// close ends the exam.
func (s *session) close() {
	if s.exam != nil {
		s.exam.Close()
		s.exam = nil
	}
}

// entry returns the report of one result.
func (s *session) entry(r exam.Result) entry {
	report := s.exam.Report()
	report.TookMS = r.TookMS
	return only(report, r)
}

// only returns a report of one result.
func only(report exam.Report, r exam.Result) entry {
	report.Checks, report.Score = nil, exam.Score{}
	report.Add(r)
	return entry(report)
}
