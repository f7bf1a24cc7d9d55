package scenarios

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/hookrig/hookrig/internal/clip"
)

// Queries returns the names of the effects that read databases, sorted.
func (s *Scenario) Queries() []string {
	var names []string
	for name, e := range s.Effects {
		if e.SQL != nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// query runs the SQL query of an effect.
func (r *run) query(ctx context.Context, q *Query) (any, error) {
	args := make([]any, len(q.Args))
	for i, arg := range q.Args {
		args[i] = argument(parsed(arg))
	}
	rows, err := r.options.SQL(ctx, q.DSN, q.Query, args)
	if err != nil {
		return nil, errors.New(clip.Text(r.redact(err.Error()), 500))
	}
	list := make([]any, len(rows))
	for i := range rows {
		list[i] = rows[i]
	}
	return map[string]any{"status": 0, "headers": map[string]any{}, "body": list}, nil
}

// argument returns a JSON value as an argument of a query.
func argument(v any) any {
	n, ok := v.(json.Number)
	if !ok {
		return v
	}
	if i, err := n.Int64(); err == nil {
		return i
	}
	f, err := n.Float64()
	if err != nil {
		return n.String()
	}
	return f
}
