package delivery

import (
	"bytes"
	"slices"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// eventOf returns the event as an attempt sends it: with the header lines that tell about the
// attempt.
func (d *Dispatcher) eventOf(j *job, config *endpointConfig, attempt int) (*fixtures.Event, error) {
	event := d.payload(j, config, attempt)
	lines, err := config.retry.AttemptLines(attempt, j.failed)
	if err != nil || len(lines) == 0 {
		return event, err
	}
	told := *event
	told.Headers = append(slices.Clip(event.Headers), lines...)
	return &told, nil
}

// payload returns the event with the body that an attempt sends. Where the provider refreshes the payload, a
// retry has the body of the latest event to the endpoint of the same type about the same entity,
// with its own id in the place of that one's.
func (d *Dispatcher) payload(j *job, config *endpointConfig, attempt int) *fixtures.Event {
	if attempt == 1 || config.retry.Payload != "refreshed" {
		return &j.event
	}
	entity := config.provider.EntityOf(&j.event)
	if entity == "" {
		return &j.event
	}
	later, err := d.store.Deliveries(d.ctx, journal.DeliveryQuery{Endpoint: config.endpoint.ID, After: j.seq, Limit: journal.MaxLimit})
	if err != nil {
		d.log.Warn("the payload is not refreshed", "delivery", j.id, "error", err)
		return &j.event
	}
	for i := range later {
		newest := &later[i].Event
		if newest.Name != j.event.Name || config.provider.EntityOf(newest) != entity {
			continue
		}
		refreshed := j.event
		refreshed.Body = newest.Body
		if newest.ID != "" {
			refreshed.Body = bytes.ReplaceAll(newest.Body, []byte(newest.ID), []byte(j.event.ID))
		}
		return &refreshed
	}
	return &j.event
}
