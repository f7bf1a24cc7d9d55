package scenarios

import (
	"context"

	"github.com/hookrig/hookrig/mockserver"
)

// Read reads an effect once, as the runs with these options do, and returns its value. A sink is
// the bin of that name on the client's server; other effects need no client. The error says what
// was asked and what came.
func (e *Effect) Read(ctx context.Context, client *mockserver.Client, o Options) (any, error) {
	r := newRun(client, &Scenario{}, o)
	r.targetURL = o.Target
	if e.Sink != nil {
		r.bins[e.Sink.Bin] = &bin{label: e.Sink.Bin, name: e.Sink.Bin, url: client.BinURL(e.Sink.Bin)}
	}
	s := r.sample(ctx, *e)
	if s.err != nil {
		return nil, &effectError{s}
	}
	return s.value, nil
}

// effectError is the error of an effect that cannot be read.
type effectError struct{ sample }

func (e *effectError) Error() string { return e.sample.String() }
func (e *effectError) Unwrap() error { return e.err }
