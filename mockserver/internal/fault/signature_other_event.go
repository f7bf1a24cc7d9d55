package fault

import (
	"fmt"

	"github.com/hookrig/hookrig/fixtures"
)

// otherEvent sends the valid signature of another event.
func otherEvent() row {
	return signatureRow("other_event", "send the valid signature of another event of this type",
		"The consumer checks that the signature is one of the provider's, and not that it is of this body.",
		"Standard Webhooks: the id, the time and the body are signed together",
		func(r *Request) error {
			if err := r.signed(); err != nil {
				return err
			}
			other, err := r.otherEvent()
			if err != nil {
				return err
			}
			m, err := r.Provider.Message(r.URL, other, r.Context.Time)
			if err != nil {
				return err
			}
			c := r.context
			c.ID, c.Nonce, c.EventTime = other.ID, "", other.At
			if err := r.scheme.Sign(&m, c, r.secrets...); err != nil {
				return err
			}
			return r.spoil(func(value string, at place) (string, bool, error) {
				text, _ := at.get(&m)
				return text, true, nil
			})
		})
}

// otherEvent returns another event of the type.
func (r *Request) otherEvent() (fixtures.Event, error) {
	draw := fixtures.Draw{Seed: r.Event.Draw.Seed, Stream: "fault/other_event/" + r.Event.Draw.Stream, Index: r.Event.Draw.Index}
	other, err := r.Provider.Render(draw, r.Event.Name, fixtures.RenderOptions{Tenant: r.Event.Tenant})
	if err != nil {
		return other, fmt.Errorf("render another event: %w", err)
	}
	return other, nil
}
