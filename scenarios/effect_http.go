package scenarios

import "context"

// ask sends the HTTP request of an effect.
func (r *run) ask(ctx context.Context, q *Request) (any, error) {
	a, err := r.request(ctx, q)
	if err != nil {
		return nil, err
	}
	return a.root(), nil
}
