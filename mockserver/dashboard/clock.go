package dashboard

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/delivery"
)

// advanceIn says how far to move the clock, by query or body.
type advanceIn struct {
	Advance string `query:"advance" doc:"how far, as in 2h, or in seconds"`
	RawBody []byte
}

// advanceBody says it as a body. By is another word for advance.
type advanceBody struct {
	Advance *span `json:"advance,omitempty" doc:"how far"`
	By      *span `json:"by,omitempty" doc:"another word for advance"`
}

func (k *dashboard) getClock(context.Context, *struct{}) (*response[delivery.Clock], error) {
	return &response[delivery.Clock]{k.providers.Clock()}, nil
}

// howFar reads how far a clock is to move, from the query or the body.
func howFar(query string, body []byte) (time.Duration, error) {
	var b advanceBody
	if query != "" {
		b.Advance = new(span)
		if err := duration("advance", query, b.Advance); err != nil {
			return 0, err
		}
	}
	if len(body) > 0 {
		if err := strictly(body, &b); err != nil {
			return 0, err
		}
	}
	by := cmp.Or(b.Advance, b.By)
	if by == nil {
		return 0, fmt.Errorf("%w: nothing says how far to advance the clock: give {\"advance\": \"2h\"}", delivery.ErrInvalid)
	}
	return time.Duration(*by), nil
}

func (k *dashboard) advance(ctx context.Context, in *advanceIn) (*response[delivery.Clock], error) {
	by, err := howFar(in.Advance, in.RawBody)
	if err != nil {
		return nil, err
	}
	clock, err := k.providers.Advance(ctx, by)
	return &response[delivery.Clock]{clock}, err
}

func (k *dashboard) settle(ctx context.Context, _ *struct{}) (*response[delivery.Clock], error) {
	if err := k.providers.WaitIdle(ctx); err != nil {
		return nil, err
	}
	return k.getClock(ctx, nil)
}
