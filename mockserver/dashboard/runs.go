package dashboard

import (
	"context"

	"github.com/hookrig/hookrig/mockserver/internal/delivery"
)

// runIn names a run.
type runIn struct {
	ID string `path:"id" doc:"the run's id"`
}

// runBodyIn carries what a run needs.
type runBodyIn struct{ RawBody []byte }

// runAdvanceIn says how far to move a run's clock.
type runAdvanceIn struct {
	ID      string `path:"id" doc:"the run's id"`
	Advance string `query:"advance" doc:"how far, as in 2h, or in seconds"`
	RawBody []byte
}

// begun names the run that was begun.
type begun struct {
	ID string `json:"id" doc:"of the run: give it as run with an endpoint and with an event"`
}

func (k *dashboard) beginRun(ctx context.Context, in *runBodyIn) (*response[begun], error) {
	var o delivery.RunOptions
	if len(in.RawBody) > 0 {
		if err := strictly(in.RawBody, &o); err != nil {
			return nil, err
		}
	}
	id, err := k.providers.BeginRun(ctx, o)
	return &response[begun]{begun{id}}, err
}

func (k *dashboard) endRun(ctx context.Context, in *runIn) (*struct{}, error) {
	return nil, k.providers.EndRun(ctx, in.ID)
}

func (k *dashboard) getRunClock(_ context.Context, in *runIn) (*response[delivery.Clock], error) {
	clock, err := k.providers.RunClock(in.ID)
	return &response[delivery.Clock]{clock}, err
}

func (k *dashboard) advanceRun(ctx context.Context, in *runAdvanceIn) (*response[delivery.Clock], error) {
	by, err := howFar(in.Advance, in.RawBody)
	if err != nil {
		return nil, err
	}
	clock, err := k.providers.AdvanceRun(ctx, in.ID, by)
	return &response[delivery.Clock]{clock}, err
}

func (k *dashboard) settleRun(ctx context.Context, in *runIn) (*response[delivery.Clock], error) {
	if err := k.providers.WaitIdleRun(ctx, in.ID); err != nil {
		return nil, err
	}
	return k.getRunClock(ctx, in)
}
