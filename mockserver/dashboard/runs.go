package dashboard

import (
	"context"

	"github.com/hookrig/hookrig/mockserver/internal/delivery"
)

// runIn names a run.
type runIn struct {
	ID string `path:"id" doc:"the run's id"`
}

// runBodyIn carries the options of a run.
type runBodyIn struct{ RawBody []byte }

// runAdvanceIn says how far to move a run's clock.
type runAdvanceIn struct {
	ID      string `path:"id" doc:"the run's id"`
	Advance string `query:"advance" doc:"how far: 2h, or a number of seconds"`
	RawBody []byte
}

// runInfo has the id of a new run.
type runInfo struct {
	ID string `json:"id" doc:"the run's id: give it as run when you register an endpoint and emit an event"`
}

func (k *dashboard) beginRun(ctx context.Context, in *runBodyIn) (*response[runInfo], error) {
	var o delivery.RunOptions
	if len(in.RawBody) > 0 {
		if err := strictly(in.RawBody, &o); err != nil {
			return nil, err
		}
	}
	id, err := k.providers.BeginRun(ctx, o)
	return &response[runInfo]{runInfo{id}}, err
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
