package dashboard

import (
	"context"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// deliveriesIn selects deliveries.
type deliveriesIn struct {
	Limit    int    `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"the most deliveries to return"`
	Before   uint64 `query:"before" doc:"only deliveries with a lower seq"`
	After    uint64 `query:"after" doc:"only deliveries with a higher seq"`
	Provider string `query:"provider" doc:"only deliveries of this provider"`
	Endpoint string `query:"endpoint" doc:"only deliveries to the endpoint with this id"`
	State    string `query:"state" enum:"pending,delivered,exhausted,stopped,dropped" doc:"only deliveries in this state"`
	EventID  string `query:"event_id" doc:"only deliveries of the event with this id"`
}

// deliveryIn names a delivery.
type deliveryIn struct {
	ID string `path:"id" doc:"the delivery's id"`
}

func (k *dashboard) listDeliveries(ctx context.Context, in *deliveriesIn) (*response[list[delivered]], error) {
	query := journal.DeliveryQuery{
		Provider: in.Provider, Endpoint: in.Endpoint, State: journal.State(in.State), EventID: in.EventID,
		Before: in.Before, After: in.After,
	}
	found, more, err := gather(in.Limit, k.largest, func(n int, last *journal.Delivery) ([]journal.Delivery, error) {
		query.Limit = n
		if last != nil {
			query.Before = last.Seq
		}
		return k.store.Deliveries(ctx, query)
	}, (*journal.Delivery).Size)
	if err != nil || len(found) == 0 {
		return fullList([]delivered(nil)), err
	}
	return pageOf(k.delivereds(found), found[len(found)-1].Seq, more), nil
}

func (k *dashboard) getDelivery(ctx context.Context, in *deliveryIn) (*response[delivered], error) {
	d, err := k.store.Delivery(ctx, in.ID)
	return &response[delivered]{k.delivered(d)}, err
}

func (k *dashboard) redeliver(ctx context.Context, in *deliveryIn) (*response[delivered], error) {
	d, err := k.providers.Redeliver(ctx, in.ID)
	return &response[delivered]{k.delivered(d)}, err
}
