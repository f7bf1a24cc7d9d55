package dashboard

import (
	"context"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// sendBody is one event and a URL, which need not be registered.
type sendBody struct {
	delivery.Emission
	Set     overrides        `json:"set,omitempty" doc:"members of the rendered body to overwrite"`
	To      string           `json:"to" doc:"the URL to send to: an absolute http or https URL that the server may deliver to"`
	Secret  string           `json:"secret,omitempty" doc:"the signing secret; default: a new one if this provider makes secrets"`
	Retry   string           `json:"retry,omitempty" doc:"the retry profile; default: the provider's default"`
	Timeout journal.Duration `json:"timeout,omitempty" doc:"the time limit of an attempt; default: the provider's"`
}

// sendWait bounds how long the response waits for the first attempt.
const sendWait = 35 * time.Second

// send delivers one event to one URL and responds with the deliveries after their first attempt.
func (k *dashboard) send(ctx context.Context, in *providerBodyIn) (*response[list[delivered]], error) {
	body, err := strict[sendBody](in.RawBody)
	if err != nil {
		return nil, err
	}
	to := journal.Endpoint{
		Provider: in.Provider, Tenant: body.Tenant, URL: body.To, Retry: body.Retry, Timeout: body.Timeout, Description: "sent once",
	}
	if body.Secret != "" {
		to.Secrets = []string{body.Secret}
	}
	made, err := k.providers.Deliver(ctx, to, emission{body.Emission, body.Set}.emission())
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, sendWait)
	defer cancel()
	for i := range made {
		if made[i], err = k.attempted(ctx, made[i].ID); err != nil {
			return nil, err
		}
	}
	return fullList(k.delivereds(made)), nil
}

// attempted waits until a delivery has an attempt, or is no longer pending.
func (k *dashboard) attempted(ctx context.Context, id string) (journal.Delivery, error) {
	watch := k.store.Watch(journal.Filter{Delivery: id})
	defer watch.Close()
	for {
		d, err := k.store.Delivery(ctx, id)
		if err != nil || len(d.Attempts) > 0 || d.State != journal.Pending {
			return d, err
		}
		select {
		case <-watch.C():
		case <-ctx.Done():
			return d, nil
		}
	}
}
