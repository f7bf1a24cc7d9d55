package scenarios

import (
	"context"

	"github.com/hookrig/hookrig/internal/content"
)

// save keeps the values of a step for later steps. A value that is null fails the step: the
// consumer's response, or the capture, is not what the file expects.
func (r *run) save(ctx context.Context, s *Step, record *stepRecord, v *result) error {
	if len(s.Save) == 0 {
		return nil
	}
	root, what, err := r.saveRoot(ctx, record)
	if err != nil {
		return err
	}
	values, _ := r.scope.steps[s.ID].(map[string]any)
	if values == nil {
		values = map[string]any{}
	}
	r.scope.steps[s.ID] = values
	for _, name := range keys(s.Save) {
		program := string(s.Save[name])
		if root == nil {
			v.inconclusive("%s: there is no %s to save it of", name, what)
			r.missing[s.ID] = "has not saved " + name
			continue
		}
		value, err := first(ctx, program, root)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil || value == nil {
			reason := "it is null"
			if err != nil {
				reason = err.Error()
			}
			v.fail("%s cannot be saved: %s of the %s: %s", name, program, what, reason)
			r.missing[s.ID] = "has not saved " + name
			continue
		}
		values[name] = value
		v.note("%s saved", name)
	}
	return nil
}

// saveRoot returns what values are saved of, and its name: the last response of the step or,
// without one, its first capture.
func (r *run) saveRoot(ctx context.Context, record *stepRecord) (any, string, error) {
	if len(record.answers) == 0 && len(record.deliveries) == 0 {
		if len(record.captures) == 0 {
			return nil, "response or capture", nil
		}
		m := record.captures[0].Message
		return content.Root(&m, content.Ample), "capture " + record.captures[0].ID, nil
	}
	answers, _, err := r.answers(ctx, record)
	if err != nil {
		return nil, "response", err
	}
	last := answers[len(answers)-1]
	if last.status == 0 {
		return nil, "response", nil
	}
	return last.root(), "response " + last.describe(), nil
}
