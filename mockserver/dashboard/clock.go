package dashboard

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/delivery"
)

// advanceIn says how far to move the clock, as a parameter or as a body.
type advanceIn struct {
	Advance string `query:"advance" doc:"how far: 2h, or a number of seconds"`
	RawBody []byte
}

// advanceBody is the body of an advance. By is another name of Advance.
type advanceBody struct {
	Advance *duration `json:"advance,omitempty" doc:"how far"`
	By      *duration `json:"by,omitempty" doc:"another name of advance"`
}

func (k *dashboard) getClock(context.Context, *struct{}) (*response[delivery.Clock], error) {
	return &response[delivery.Clock]{k.providers.Clock()}, nil
}

// howFar reads how far to move a clock, from the parameter or the body.
func howFar(query string, body []byte) (time.Duration, error) {
	var b advanceBody
	if query != "" {
		b.Advance = new(duration)
		if err := parseDuration("advance", query, b.Advance); err != nil {
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
		return 0, fmt.Errorf("%w: advance is missing: give how far to move the clock, as in {\"advance\": \"2h\"}", delivery.ErrInvalid)
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
