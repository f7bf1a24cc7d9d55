package desk

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/hookrig/hookrig/mockserver/provider"
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

func (k *desk) getClock(context.Context, *struct{}) (*reply[provider.Clock], error) {
	return &reply[provider.Clock]{k.providers.Clock()}, nil
}

func (k *desk) advance(ctx context.Context, in *advanceIn) (*reply[provider.Clock], error) {
	var b advanceBody
	if in.Advance != "" {
		b.Advance = new(span)
		if err := duration("advance", in.Advance, b.Advance); err != nil {
			return nil, err
		}
	}
	if len(in.RawBody) > 0 {
		if err := strictly(in.RawBody, &b); err != nil {
			return nil, err
		}
	}
	by := cmp.Or(b.Advance, b.By)
	if by == nil {
		return nil, fmt.Errorf("%w: nothing says how far to advance the clock: give {\"advance\": \"2h\"}", provider.ErrInvalid)
	}
	clock, err := k.providers.Advance(ctx, time.Duration(*by))
	return &reply[provider.Clock]{clock}, err
}

func (k *desk) settle(ctx context.Context, _ *struct{}) (*reply[provider.Clock], error) {
	if err := k.providers.Settle(ctx); err != nil {
		return nil, err
	}
	return k.getClock(ctx, nil)
}
