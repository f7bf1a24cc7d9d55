package scenarios

import (
	"context"
	"fmt"
	"iter"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/burst"
)

// burst sends many events directly to a consumer.
func (r *run) burst(ctx context.Context, s *Step, record *stepRecord, v *result) error {
	b := s.Burst
	p, err := r.catalogue.Provider(b.Provider)
	if err != nil {
		return err
	}
	guard, err := r.guard()
	if err != nil {
		return err
	}
	plan := burst.Plan{
		Provider: p, URL: b.To, Secret: b.Secret, Events: b.Events, Options: fixtures.RenderOptions{Tenant: b.Tenant, Start: r.now},
		Rate: b.Rate, Count: b.Count, Duration: b.For.or(0), Connections: b.Connections, Seed: r.scope.seed, Dial: guard.Dial, Trust: r.options.Trust,
	}
	if plan.URL == "" {
		plan.URL = r.targetURL
	}
	if current, ok := r.scope.target["secret"].(string); ok && plan.Secret == "" {
		plan.Secret = current
	}
	report, err := burst.Run(ctx, plan, nil)
	if err != nil {
		return err
	}
	record.burst = report
	r.report.Counts.Acknowledged += int(report.Acknowledged)
	r.scope.steps[s.ID] = map[string]any{"sent": report.Sent, "acknowledged": report.Acknowledged}
	v.note("%d events sent at %.0f/s, %d acknowledged", report.Sent, report.Rate, report.Acknowledged)
	return nil
}

// checkBurst checks the result of a burst.
func (r *run) checkBurst(ctx context.Context, s *Step, x *BurstResult, v *result) error {
	id := x.Of
	if id == "" {
		id = s.ID
	}
	record := r.steps[id]
	if record == nil || record.burst == nil {
		return fmt.Errorf("step %s has sent no burst", id)
	}
	report := record.burst
	switch {
	case x.Acknowledged == nil && !report.OK():
		v.fail("want every event acknowledged: %d of %d were: %v %v", report.Acknowledged, report.Intended, report.Outcomes, report.Problems)
	case x.Acknowledged != nil && !x.Acknowledged.holds(int(report.Acknowledged)):
		v.fail("want %s acknowledged, got %d: %v", x.Acknowledged.of("event"), report.Acknowledged, report.Outcomes)
	}
	if x.Bin == "" {
		return nil
	}
	b := r.bin(x.Bin, v)
	if b == nil {
		return nil
	}
	if err := report.Reconcile(r.each(ctx, b, record.cursors[b.label])); err != nil {
		return err
	}
	if current, err := r.binSummary(ctx, b); err != nil {
		return err
	} else if current.Evicted > 0 {
		v.inconclusive("bin %s evicted %d captures to make room, so some captures are missing", b.label, current.Evicted)
	}
	a := report.Accounting
	if !a.OK() {
		v.fail("want every acknowledged event in bin %s exactly once: %d captured, %d lost, %d duplicated, %d unexpected", b.label, a.Captured, a.Lost, a.Duplicated, a.Unexpected)
		return nil
	}
	v.note("%d captured, 0 lost, 0 duplicated", a.Captured)
	return nil
}

// each yields a bin's captures after a cursor, oldest first. It reads one page at a time.
func (r *run) each(ctx context.Context, b *bin, after uint64) iter.Seq2[mockserver.Capture, error] {
	return func(yield func(mockserver.Capture, error) bool) {
		for {
			page, err := r.client.Captures(ctx, mockserver.Query{CaptureQuery: mockserver.CaptureQuery{Bin: b.name, After: after, Limit: mockserver.MaxLimit, Oldest: true}})
			if err != nil {
				yield(mockserver.Capture{}, err)
				return
			}
			for i := range page {
				if !yield(page[i], nil) {
					return
				}
				after = page[i].Seq
			}
			if len(page) < mockserver.MaxLimit {
				return
			}
		}
	}
}
