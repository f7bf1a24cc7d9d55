package conformance

import (
	"context"
	"errors"

	"github.com/hookrig/hookrig/scenarios/exam"
)

// session is the exam of a consumer, while its checks are made.
type session struct {
	exam     *exam.Exam
	consumer Consumer
}

// open starts the exam of a consumer, unless it has been started. It ends that of another consumer.
// The error says why nothing can be graded, or why not all of it.
func (s *session) open(ctx context.Context, c Consumer) error {
	if s.exam != nil && s.consumer.URL == c.URL && s.consumer.Secret == c.Secret {
		return nil
	}
	s.close()
	e, err := exam.Start(ctx, nil, c)
	if err != nil {
		return err
	}
	if problem := e.Problem(); problem != "" {
		e.Close()
		return errors.New("the exam cannot begin: " + problem)
	}
	s.exam, s.consumer = e, c
	return nil
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
	report.Checks, report.Score, report.TookMS = []exam.Result{r}, exam.Score{}, r.TookMS
	report.Score.Add(&r)
	return entry(report)
}
