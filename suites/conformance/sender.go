package conformance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/scenarios/exam"
	"github.com/hookrig/hookrig/scenarios/exam/sender"
)

// Sender is a program that sends webhooks, and what it is compared with. Bin is enough; with
// Secrets the exam checks signatures, and with Send it sees what the program does when requests
// fail.
type Sender struct {
	// Bin has the requests of the program: Server.Bin of mockserver, or NewBin where the server is
	// another program.
	Bin *mockserver.Bin
	// Provider is what the program should send and how; "" is the provider of RegisterSender, or
	// else standard-webhooks.
	Provider string
	// Secrets are those that the program signs with. Without any, signatures are not checked.
	Secrets []string
	// Send makes the program send one event to the bin, and returns without waiting for its
	// delivery. The bin then answers each event differently, as with hookrig check-provider --wait.
	// Without Send, the exam grades what the bin has, with the responses that it gave.
	Send func(ctx context.Context) error
	// Limit is how long the events of Send and their retries may take; 0 is a minute.
	Limit time.Duration
	// Retry is the retry policy: a profile of the provider, or "like NAME"; "" is the provider's
	// default.
	Retry string
	// URL as registered at the program, for schemes that sign it; "" is the address of each
	// request.
	URL string
	// Late is how much later than documented a retry may come, in addition to a tenth of the wait;
	// 0 is 2 s.
	Late time.Duration
	// Skip leaves out checks, by id; the value is the reason.
	Skip map[string]string
	// Known are checks that are known to fail, by id; the value is the reason. Such a check must
	// fail.
	Known map[string]string
	// Strict makes a check fail that is inconclusive.
	Strict bool
	// Only selects checks by id, theme or level; none is all.
	Only []string
	// Catalogue of providers; nil is fixtures.Builtin.
	Catalogue *fixtures.Catalogue
}

// standardWebhooks is the provider that a sender is compared with by default.
const standardWebhooks = "standard-webhooks"

// examine makes the exam. The error says why nothing can be graded.
func (s *Sender) examine(ctx context.Context) (exam.Report, error) {
	if s.Bin == nil {
		return exam.Report{}, errors.New("the Sender has no Bin: want the one that gets its requests, as in server.Bin(\"inbox\")")
	}
	known := cmp.Or(s.Catalogue, fixtures.Builtin())
	provider, err := known.Provider(cmp.Or(s.Provider, standardWebhooks))
	if err != nil {
		return exam.Report{}, err
	}
	o := sender.Options{
		Provider: provider, Catalogue: known, Retry: s.Retry, Secrets: s.Secrets, URL: s.URL, Late: s.Late,
		Skip: s.Skip, Known: s.Known, Strict: s.Strict, Only: s.Only,
	}
	var report exam.Report
	if s.Send == nil {
		report, err = sender.GradeBin(ctx, s.Bin.Client(), s.Bin.Name(), o)
	} else {
		report, err = s.provoke(ctx, o)
	}
	if err == nil && report.Problem != "" {
		err = errors.New("the exam cannot begin: " + report.Problem)
	}
	return report, err
}

// provoke lets the program send its events while the bin answers each differently.
func (s *Sender) provoke(ctx context.Context, o sender.Options) (exam.Report, error) {
	var work sync.WaitGroup
	defer work.Wait()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	send := func(events int) {
		work.Go(func() {
			for n := range events {
				if err := s.Send(ctx); err != nil {
					stop(fmt.Errorf("Send, event %d: %w", n+1, err))
					return
				}
			}
		})
	}
	report, err := sender.Provoke(ctx, s.Bin.Client(), s.Bin.Name(), o, sender.Watch{
		Limit:    cmp.Or(s.Limit, time.Minute),
		Prepared: func(plan sender.Plan) { send(len(plan.Events)) },
		Last:     func(sender.Provocation) { send(1) },
	})
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return report, err
}
