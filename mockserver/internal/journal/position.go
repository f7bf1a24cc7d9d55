package journal

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// Position is the progress of a reader of a journal: the highest seq of each kind that it has read.
type Position struct{ Capture, Delivery uint64 }

// String returns the position in the format of ParsePosition, for example 12-7.
func (p Position) String() string { return fmt.Sprintf("%d-%d", p.Capture, p.Delivery) }

// ParsePosition parses a position in the format of String.
func ParsePosition(text string) (Position, error) {
	capture, delivery, both := strings.Cut(text, "-")
	var p Position
	var err error
	if p.Capture, err = strconv.ParseUint(capture, 10, 64); err == nil && both {
		p.Delivery, err = strconv.ParseUint(delivery, 10, 64)
	}
	if err != nil || !both {
		return Position{}, fmt.Errorf("stream position %q: want the id of an event of the stream, as in 12-7", text)
	}
	return p, nil
}

// End returns the position of the newest records.
func End(ctx context.Context, s Store) (Position, error) {
	var p Position
	bins, err := s.Bins(ctx)
	if err != nil {
		return p, err
	}
	for _, b := range bins {
		p.Capture = max(p.Capture, b.Last)
	}
	deliveries, err := s.Deliveries(ctx, DeliveryQuery{Limit: 1})
	if err != nil {
		return p, err
	}
	if len(deliveries) > 0 {
		p.Delivery = deliveries[0].Seq
	}
	return p, nil
}
