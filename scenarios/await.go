package scenarios

import (
	"context"
	"errors"

	"github.com/hookrig/hookrig/mockserver"
)

// awaitDeliveries fetches deliveries. On a real clock it waits, up to the time limit of the
// expectation, while they can still change. On a virtual clock nothing changes until it is
// advanced.
func (r *run) awaitDeliveries(ctx context.Context, ids []string, x *Deliveries) ([]mockserver.Delivery, error) {
	if r.background {
		within, cancel := context.WithTimeout(ctx, x.Within.or(defaultWithin))
		err := r.awaitAttempts(within, ids)
		cancel()
		if err != nil && within.Err() == nil {
			return nil, err
		}
	}
	a := &awaited{run: r, x: x, indexes: map[string][]int{}, list: make([]mockserver.Delivery, len(ids))}
	for i, id := range ids {
		a.indexes[id] = append(a.indexes[id], i)
	}
	if err := a.fetch(ctx); err != nil || len(a.indexes) == 0 {
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

// awaitAttempts waits until deliveries that are due have had their attempts. Others that are in the
// background may go on.
func (r *run) awaitAttempts(ctx context.Context, ids []string) error {
	if !r.background {
		return r.client.WaitIdle(ctx)
	}
	left := map[string]bool{}
	for _, id := range ids {
		left[id] = true
	}
	see := func(d *mockserver.Delivery) {
		if len(d.Attempts) > 0 || d.State != mockserver.Pending {
			delete(left, d.ID)
		}
	}
	err := r.client.Follow(ctx, mockserver.FollowOptions{FollowOptions: mockserver.FeedOptions{Kind: mockserver.KindDelivery}}, func(u mockserver.Update) error {
		switch {
		case u.Delivery != nil:
			see(u.Delivery)
		case u.Ready != nil || u.Missed != nil:
			for _, id := range ids {
				d, err := r.client.Delivery(ctx, id)
				if err != nil {
					return err
				}
				see(&d)
			}
		}
		if len(left) == 0 {
			return errAwaited
		}
		return nil
	})
	if errors.Is(err, errAwaited) {
		return nil
	}
	return err
}

// errAwaited ends Follow when no delivery is awaited any more.
var errAwaited = errors.New("no more deliveries are awaited")

// awaited are the deliveries that an expectation waits for.
type awaited struct {
	*run
	x       *Deliveries
	list    []mockserver.Delivery
	indexes map[string][]int // indexes in the list, by id, of deliveries that can still change
}

// update handles an update from the server.
func (a *awaited) update(ctx context.Context, u mockserver.Update) error {
	switch {
	case u.Delivery != nil:
		a.set(u.Delivery)
	case u.Ready != nil || u.Missed != nil:
		if err := a.fetch(ctx); err != nil {
			return err
		}
	}
	if len(a.indexes) == 0 {
		return errAwaited
	}
	return nil
}

// set stores the current state of a delivery.
func (a *awaited) set(d *mockserver.Delivery) {
	for _, i := range a.indexes[d.ID] {
		a.list[i] = *d
	}
	if a.virtual || d.State != mockserver.Pending ||
		a.x.State != "" && len(checkAttempts(a.x, []mockserver.Delivery{*d}, a.deliveryName)) == 0 {
		delete(a.indexes, d.ID)
	}
}

// fewDeliveries is the largest number of deliveries that are fetched one by one. More are read in
// pages, which contain other deliveries too.
const fewDeliveries = 8

// fetch fetches the deliveries that can still change.
func (a *awaited) fetch(ctx context.Context) error {
	if len(a.indexes) > fewDeliveries {
		if err := a.fetchPages(ctx); err != nil {
			return err
		}
	}
	for id, indexes := range a.indexes {
		if len(a.indexes) > fewDeliveries && a.list[indexes[0]].ID != "" {
			continue // it was in the pages
		}
		d, err := a.client.Delivery(ctx, id)
		if err != nil {
			return err
		}
		a.set(&d)
	}
	return nil
}

// fetchPages reads the pages that contain the deliveries.
func (a *awaited) fetchPages(ctx context.Context) error {
	var first, last uint64
	for id := range a.indexes {
		if i, ok := a.byID[id]; ok {
			seq := a.deliveries[i].seq
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
			a.set(&page[i])
		}
		if len(page) < q.Limit {
			return nil
		}
		q.Before = page[len(page)-1].Seq
	}
}
