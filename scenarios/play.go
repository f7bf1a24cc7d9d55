package scenarios

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/hookrig/hookrig/internal/redact"
)

// phases plays setup, steps and teardown. It returns an error when the server failed.
func (r *run) phases(ctx context.Context) error {
	s := r.scenario
	limited, cancel := withLimit(ctx, s.Timeout, "of the scenario")
	defer cancel()
	r.phase = SetupPhase
	why, failed := r.list(limited, s.Setup, "")
	if why == "" && !r.passed() {
		why = "not run: the setup did not pass"
	}
	r.phase = ""
	if failed != nil {
		r.skip(pointers(s.Steps), why)
	} else {
		_, failed = r.list(limited, s.Steps, why)
	}
	r.phase = TeardownPhase
	after, stop := withLimit(context.WithoutCancel(ctx), Duration(teardownLimit), "of the teardown")
	defer stop()
	if _, err := r.list(after, s.Teardown, ""); failed == nil {
		failed = err
	}
	return failed
}

// teardownLimit is the time limit of the teardown.
const teardownLimit = 30 * time.Second

// passed reports whether all steps so far passed or were skipped.
func (r *run) passed() bool { return len(r.report.Failed()) == 0 }

// list plays a list of steps. It returns why the run ends early, if it does, and an error when the
// server failed. With a reason it plays nothing.
func (r *run) list(ctx context.Context, steps []Step, why string) (string, error) {
	for i := range steps {
		s := &steps[i]
		if why != "" {
			r.skip(pointers(steps[i:]), why)
			return why, nil
		}
		ended, err := r.step(ctx, s)
		if err != nil {
			why = whyError
			r.skip(pointers(steps[i+1:]), why)
			return why, fmt.Errorf("scenario %s, step %s: %w", r.scenario.Name, s.ID, err)
		}
		why = ended
	}
	return why, nil
}

func pointers(steps []Step) []*Step {
	list := make([]*Step, len(steps))
	for i := range steps {
		list[i] = &steps[i]
	}
	return list
}

// skip reports steps that are not run.
func (r *run) skip(steps []*Step, why string) {
	for _, s := range steps {
		r.missing[s.ID] = "was not run"
		r.add(s.reported(s.ID, Skipped, why))
	}
}

// add adds the result of a step to the report.
func (r *run) add(step StepReport) {
	step.Phase = r.phase
	r.report.Steps = append(r.report.Steps, step)
	r.progress(step.ID, &step, time.Time{})
}

// step plays one step, once or for each row of its table. It returns why the run ends after it, if
// it does, and an error when the server failed.
func (r *run) step(ctx context.Context, s *Step) (ended string, err error) {
	if reason := r.leftOut(s); reason != "" {
		r.skip([]*Step{s}, reason)
		return "", nil
	}
	if len(s.Each) == 0 {
		return r.once(ctx, s, s.ID)
	}
	table := s.Each
	if n := child(s.node, "each"); n != nil {
		table = nil
		if err := r.decode(s.file, n, &table); err != nil {
			r.add(s.reported(s.ID, Errored, r.redact(err.Error())))
			return "", err
		}
	}
	whole, err := r.record(ctx, s.ID)
	if err != nil {
		r.add(s.reported(s.ID, Errored, r.redact(err.Error())))
		return "", err
	}
	defer func() { r.scope.each = nil }()
	for _, row := range table.rows() {
		r.scope.each = row.values
		id := s.ID + "/" + row.name
		if ended != "" {
			r.add(s.reported(id, Skipped, ended))
			continue
		}
		if ended, err = r.once(ctx, s, id); err != nil {
			ended = whyError
			continue
		}
		r.gather(s.ID, id, whole)
	}
	return ended, err
}

// whyError is why steps after an error are skipped.
const whyError = "not run: an earlier error ended the run"

// leftOut returns why a step does not apply to this run; "" when it does.
func (r *run) leftOut(s *Step) string {
	if only := r.scenario.only; only != nil && !only[s.ID] {
		return "not selected"
	}
	if s.When == WhenTarget && !r.hasTargetURL() || s.When == WhenBin && r.hasTargetURL() {
		return fmt.Sprintf("skipped: only against a %s", s.When)
	}
	ids := map[string]bool{}
	if d := s.Deliver; d != nil {
		ids[d.From], ids[d.To] = true, true
	}
	if s.Replay != nil {
		ids[s.Replay.Of] = true
	}
	for _, id := range keys(r.missing) {
		if ids[id] || refersToStep(s.node, id) {
			return fmt.Sprintf("skipped: step %s, which it refers to, %s", id, r.missing[id])
		}
	}
	return ""
}

// refersToStep reports whether a part of a file refers to the values of a step.
func refersToStep(n *yaml.Node, id string) bool {
	if n = target(n); n == nil {
		return false
	}
	if n.Kind == yaml.ScalarNode {
		return holdsReference(n) && (strings.Contains(n.Value, "steps."+id+".") || strings.Contains(n.Value, "steps."+id+"}"))
	}
	for _, item := range n.Content {
		if refersToStep(item, id) {
			return true
		}
	}
	return false
}

// gather adds what a step did for one row to what it did for all.
func (r *run) gather(id, rowID string, whole *stepRecord) {
	one := r.steps[rowID]
	if one == nil {
		return
	}
	whole.deliveries = append(whole.deliveries, one.deliveries...)
	whole.impossible = whole.impossible || one.impossible
	whole.answers, whole.burst = append(whole.answers, one.answers...), one.burst
	r.journeys[id] = append(r.journeys[id], r.journeys[rowID]...)
	r.subs[id] = r.subs[rowID]
	values, _ := r.scope.steps[id].(map[string]any)
	merged := map[string]any{}
	latest, _ := r.scope.steps[rowID].(map[string]any)
	for name, v := range latest {
		if list, ok := v.([]any); ok && (name == "events" || name == "deliveries") {
			before, _ := values[name].([]any)
			v = append(before[:len(before):len(before)], list...)
		}
		merged[name] = v
	}
	r.scope.steps[id] = merged
}

// once plays a step under an id.
func (r *run) once(ctx context.Context, s *Step, id string) (ended string, err error) {
	start := time.Now()
	report := s.reported(id, "", "")
	v := &result{}
	limited, err := r.take(ctx, s, id, v)
	report.Status, report.Detail = v.status(), v.detail()
	limit := limitOf(limited)
	if err == nil && ctx.Err() != nil && limit == nil && report.Status == Failed {
		err = context.Cause(ctx) // an interrupt is not the consumer's fault
	}
	switch {
	case limit != nil && (err != nil || report.Status == Failed):
		report.Status, report.Detail = Inconclusive, strings.Join(append([]string{limit.Error()}, v.found()...), "\n")
		ended, err = "not run: "+limit.Error()+" in step "+id, nil
	case err != nil:
		report.Status, report.Detail = Errored, strings.Join(append(v.failures, err.Error()), "\n")
	}
	if err != nil || ended != "" {
		r.missing[s.ID] = "did not end"
	}
	report.Detail = r.redact(redact.Quoted(report.Detail))
	report.Differences, report.NearMisses = r.differences(v.differences), r.nearMisses(v.nearMisses)
	report.Entities, report.Unanswered = r.entities(id), report.Status == Failed && v.unanswered == len(v.failures)
	report.TookMS = milliseconds(time.Since(start))
	r.add(report)
	return ended, errors.Join(err, r.journal.step(context.WithoutCancel(ctx), &report))
}

// take resolves the step's references, runs its verb, checks its expectations and saves its values.
// It returns the context with the step's time limit.
func (r *run) take(ctx context.Context, s *Step, id string, v *result) (context.Context, error) {
	resolved := *s
	if s.node != nil {
		resolved = Step{node: s.node, file: s.file}
		if err := r.decode(s.file, s.node, &resolved); err != nil {
			return ctx, err
		}
	}
	resolved.ID = id
	limited, cancel := withLimit(ctx, resolved.Timeout, "of the step")
	defer cancel()
	deadline, _ := limited.Deadline()
	r.progress(id, nil, deadline)
	return limited, r.playStep(limited, &resolved, v)
}

func (r *run) playStep(ctx context.Context, s *Step, v *result) error {
	record, err := r.record(ctx, s.ID)
	if err != nil {
		return err
	}
	if err := r.sampleBefore(ctx, s, record); err != nil {
		return err
	}
	if err := r.act(ctx, s, record, v); err != nil {
		return err
	}
	for i := range s.Expect {
		if err := r.expect(ctx, s, &s.Expect[i], record, v); err != nil {
			return err
		}
	}
	return r.save(ctx, s, record, v)
}
