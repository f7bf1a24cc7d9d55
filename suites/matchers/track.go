package matchers

import (
	"context"
	"errors"
	"fmt"

	"github.com/hookrig/hookrig/mockserver"
)

// Tracked are deliveries that Eventually can poll: see Track.
type Tracked struct {
	client *mockserver.Client
	ids    []string
}

// Track returns deliveries for Eventually, which reads them again until they are as expected, or
// cannot be any more:
//
//	deliveries, err := neostore.Emit(ctx, "Pass:Created")
//	Eventually(Track(server.Client(), deliveries...)).Should(BeDelivered())
func Track(client *mockserver.Client, deliveries ...mockserver.Delivery) *Tracked {
	t := &Tracked{client: client, ids: make([]string, len(deliveries))}
	for i := range deliveries {
		t.ids[i] = deliveries[i].ID
	}
	return t
}

// Deliveries reads the deliveries as they are now, in the order given to Track.
func (t *Tracked) Deliveries(ctx context.Context) ([]mockserver.Delivery, error) {
	if t.client == nil {
		return nil, errors.New("Track wants the client of a server, got nil") //nolint:staticcheck // a function's name
	}
	list := make([]mockserver.Delivery, len(t.ids))
	for i, id := range t.ids {
		var err error
		if list[i], err = t.client.Delivery(ctx, id); err != nil {
			return nil, fmt.Errorf("delivery %s: %w", id, err)
		}
	}
	return list, nil
}

// mayGrow reports whether a subject is tracked deliveries, which can have other attempts.
func mayGrow(actual any) bool {
	t, ok := actual.(*Tracked)
	return ok && t != nil && len(t.ids) > 0
}

// deliveriesOf takes the deliveries that a matcher checks. is is false if there are none in actual.
func deliveriesOf(actual any) (list []mockserver.Delivery, is bool, err error) {
	if d, ok := deliveryOf(actual); ok {
		return []mockserver.Delivery{*d}, true, nil
	}
	if isNil(actual) {
		return nil, false, nil
	}
	switch a := actual.(type) {
	case []mockserver.Delivery:
		return a, true, nil
	case *Tracked:
		ctx, cancel := context.WithTimeout(context.Background(), fetchLimit)
		defer cancel()
		list, err = a.Deliveries(ctx)
		return list, true, err
	}
	return nil, false, nil
}
