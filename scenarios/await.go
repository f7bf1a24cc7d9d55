package scenarios

import (
	"context"
	"errors"

	"github.com/hookrig/hookrig/mockserver"
)

// awaitDeliveries fetches deliveries. On a real clock it waits, within the time of the expectation, while
// more may become of them: on a virtual one nothing does by itself.
func (r *run) awaitDeliveries(ctx context.Context, ids []string, x *Deliveries) ([]mockserver.Delivery, error) {
	a := &awaited{run: r, x: x, places: map[string][]int{}, list: make([]mockserver.Delivery, len(ids))}
	for i, id := range ids {
		a.places[id] = append(a.places[id], i)
	}
	if err := a.look(ctx); err != nil || len(a.places) == 0 {
		return a.list, err
	}
	within, cancel := context.WithTimeout(ctx, x.Within.or(defaultWithin))
	defer cancel()
	o := mockserver.FollowOptions{FollowOptions: mockserver.FeedOptions{Kind: mockserver.KindDelivery}}
	err := r.client.Follow(within, o, func(u mockserver.Update) error { return a.update(ctx, u) })
	if errors.Is(err, errAwaited) || within.Err() != nil && ctx.Err() == nil {
		return a.list, nil
	}
	return a.list, err
}

// errAwaited ends the following of deliveries: nothing more is awaited.
var errAwaited = errors.New("nothing more is awaited")

// awaited are deliveries that an expectation is about.
type awaited struct {
	*run
	x      *Deliveries
	list   []mockserver.Delivery
	places map[string][]int // in the list, by id, of those of which more may become
}

// update takes over what the server tells.
func (a *awaited) update(ctx context.Context, u mockserver.Update) error {
	switch {
	case u.Delivery != nil:
		a.take(u.Delivery)
	case u.Ready != nil || u.Missed != nil:
		if err := a.look(ctx); err != nil {
			return err
		}
	}
	if len(a.places) == 0 {
		return errAwaited
	}
	return nil
}

// take takes over a delivery as it is now.
func (a *awaited) take(d *mockserver.Delivery) {
	for _, i := range a.places[d.ID] {
		a.list[i] = *d
	}
	if a.virtual || d.State != mockserver.Pending ||
		a.x.State != "" && len(checkAttempts(a.x, []mockserver.Delivery{*d}, a.deliveryName)) == 0 {
		delete(a.places, d.ID)
	}
}

// fewDeliveries are fetched one by one. More are read in pages, with those of others between them.
const fewDeliveries = 8

// look fetches the deliveries of which more may have become.
func (a *awaited) look(ctx context.Context) error {
	if len(a.places) > fewDeliveries {
		if err := a.lookThrough(ctx); err != nil {
			return err
		}
	}
	for id, places := range a.places {
		if len(a.places) > fewDeliveries && a.list[places[0]].ID != "" {
			continue // it was among the pages
		}
		d, err := a.client.Delivery(ctx, id)
		if err != nil {
			return err
		}
		a.take(&d)
	}
	return nil
}

// lookThrough reads the pages that the deliveries are in.
func (a *awaited) lookThrough(ctx context.Context) error {
	var first, last uint64
	for id := range a.places {
		if i, ok := a.byID[id]; ok {
			seq := a.made[i].seq
			if first == 0 || seq < first {
				first = seq
			}
			last = max(last, seq)
		}
	}
	if first == 0 {
		return nil
	}
	q := mockserver.DeliveryQuery{After: first - 1, Before: last + 1, Limit: mockserver.MaxLimit}
	for {
		page, err := a.client.Deliveries(ctx, q)
		if err != nil {
			return err
		}
		for i := range page {
			a.take(&page[i])
		}
		if len(page) < q.Limit {
			return nil
		}
		q.Before = page[len(page)-1].Seq
	}
}
