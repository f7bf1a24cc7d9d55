package scenarios

import (
	"context"
	"errors"
	"fmt"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/mockserver/burst"
)

// burst sends many events directly to a consumer.
func (r *run) burst(ctx context.Context, s *Step, record *stepRecord, v *result) error {
	plan, err := r.plan(s.Burst)
	if err != nil {
		return err
	}
	report, err := burst.Run(ctx, plan, nil)
	if errors.Is(err, burst.ErrPlan) {
		v.inconclusive("%v", err)
		return nil
	}
	if err != nil {
		return err
	}
	record.burst = report
	r.report.Counts.Acknowledged += int(report.Acknowledged)
	r.scope.steps[s.ID] = map[string]any{"sent": report.Sent, "acknowledged": report.Acknowledged, "rate": report.Rate, "p99": report.Response.P99}
	v.note("%d events sent at %.0f/s, %d acknowledged, p50 %.1f ms, p99 %.1f ms", report.Sent, report.Rate, report.Acknowledged, report.Response.P50, report.Response.P99)
	if report.Generator.Slow() {
		v.note("generator %s", report.Generator)
	}
	return nil
}

// plan returns the plan of a burst. Its texts were checked when the scenario was loaded, unless a
// reference made them.
func (r *run) plan(b *Burst) (burst.Plan, error) {
	p, err := r.catalogue.Provider(b.Provider)
	if err != nil {
		return burst.Plan{}, err
	}
	guard, err := r.guard()
	if err != nil {
		return burst.Plan{}, err
	}
	part := burst.Part{
		Provider: p, Secret: b.Secret, Events: b.Events, Journeys: b.Journeys, Population: b.Population,
		Options: fixtures.RenderOptions{Tenant: b.Tenant, Start: r.now},
	}
	if current, ok := r.scope.target["secret"].(string); ok && part.Secret == "" {
		part.Secret = current
	}
	plan := burst.Plan{
		Parts: []burst.Part{part}, URLs: []string{b.To}, Count: b.Count, Duration: b.For.or(0), WarmUp: b.WarmUp.or(0), Connections: b.Connections,
		Reconnect: b.Reconnect, Seed: r.scope.seed, Dial: guard.Dial, Trust: r.options.Trust,
	}
	if b.To == "" {
		plan.URLs[0] = r.targetURL
	}
	return plan, b.read(&plan)
}

// read reads the texts of a burst into its plan.
func (b *Burst) read(plan *burst.Plan) error {
	var err error
	if b.Rate != "" {
		if plan.Shape, err = burst.ParseShape(b.Rate); err != nil {
			return err
		}
	}
	if b.Overload != "" {
		if plan.Overload, err = burst.ParseOverload(b.Overload); err != nil {
			return err
		}
	}
	for _, text := range b.Faults {
		f, err := burst.ParseFaultShare(text)
		if err != nil {
			return err
		}
		plan.Faults = append(plan.Faults, f)
	}
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
	if x.Bin != "" {
		if done, err := r.reconcile(ctx, x, record, v); err != nil || !done {
			return err
		}
	}
	var thresholds []burst.Threshold
	for _, text := range x.Thresholds {
		t, err := burst.ParseThreshold(text)
		if err != nil {
			return err
		}
		thresholds = append(thresholds, t)
	}
	report.Check(thresholds)
	for _, c := range report.Conditions() {
		switch {
		case c.OK:
		case x.Acknowledged != nil && len(thresholds) == 0 && c.Name != "the burst went as planned" && report.Accounting == nil:
			// the number that is expected decides
		case c.Unknown:
			v.inconclusive("%s: %s", c.Name, c.Text)
		default:
			v.fail("want %s, got %s: %v", c.Name, c.Text, report.Outcomes)
		}
	}
	if x.Acknowledged != nil && !x.Acknowledged.holds(int(report.Acknowledged)) {
		v.fail("want %s acknowledged, got %d: %v", x.Acknowledged.of("event"), report.Acknowledged, report.Outcomes)
	}
	if a := report.Accounting; a != nil && a.OK() {
		v.note("%d captured, 0 lost, 0 duplicated", a.Captured)
	}
	return nil
}

// reconcile compares a burst with a bin. It returns false when it cannot.
func (r *run) reconcile(ctx context.Context, x *BurstResult, record *stepRecord, v *result) (bool, error) {
	b := r.bin(x.Bin, v)
	if b == nil {
		return false, nil
	}
	if err := record.burst.ReconcileDigests(r.client.Digests(ctx, b.name, record.cursors[b.label]), func(id string) (mockserver.Capture, error) {
		return r.client.Capture(ctx, id)
	}); err != nil {
		return false, err
	}
	current, err := r.binSummary(ctx, b)
	if err == nil && current.Evicted > 0 {
		v.inconclusive("bin %s evicted %d captures to make room, so some captures are missing", b.label, current.Evicted)
	}
	return err == nil, err
}
