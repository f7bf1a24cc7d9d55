package dashboard

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/entities"
)

// entitiesIn selects entities.
type entitiesIn struct {
	Provider string `path:"provider" doc:"the provider's name"`
	Tenant   string `query:"tenant" doc:"the tenant that has them; default: the demo tenant"`
	Kind     string `query:"kind" doc:"only entities of this kind"`
	Limit    int    `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"the most entities to return"`
	After    uint64 `query:"after" doc:"only entities with a higher order"`
}

// entityIn names an entity.
type entityIn struct {
	Provider string `path:"provider" doc:"the provider's name"`
	Kind     string `path:"kind" doc:"what the provider calls such entities"`
	ID       string `path:"id" doc:"the entity's id"`
	Tenant   string `query:"tenant" doc:"the tenant that has it; default: the demo tenant"`
}

func (in *entityIn) name() entities.Name {
	return entities.Name{Provider: in.Provider, Tenant: in.Tenant, Kind: in.Kind, ID: in.ID}
}

// entityBodyIn names an entity and carries a body.
type entityBodyIn struct {
	Provider string `path:"provider" doc:"the provider's name"`
	Kind     string `path:"kind" doc:"what the provider calls such entities"`
	ID       string `path:"id" doc:"the entity's id"`
	Tenant   string `query:"tenant" doc:"the tenant that has it; default: the demo tenant"`
	RawBody  []byte
}

// entity is an entity and the events that can happen to it next.
type entity struct {
	Kind     string          `json:"kind"`
	ID       string          `json:"id"`
	Tenant   string          `json:"tenant"`
	State    string          `json:"state" doc:"its state in its journey"`
	Order    uint64          `json:"order" doc:"the number of its creation"`
	Created  time.Time       `json:"created" doc:"on the clock of the retry schedule"`
	At       time.Time       `json:"at" doc:"when its last event happened"`
	Events   uint64          `json:"events" doc:"how many events have happened to it"`
	Possible []string        `json:"possible" doc:"the events that can happen to it next"`
	Fields   json.RawMessage `json:"fields" doc:"the values that its events are rendered from"`
}

func (k *dashboard) entity(e entities.Entity) (entity, error) {
	now, err := k.entities.Restore(&e)
	if err != nil {
		return entity{}, err
	}
	return entity{
		Kind: e.Kind, ID: e.ID, Tenant: e.Tenant, State: e.State, Order: e.Order, Created: e.Created, At: e.At,
		Events: e.Events, Possible: present(now.Possible()), Fields: e.Fields,
	}, nil
}

func (k *dashboard) listEntities(_ context.Context, in *entitiesIn) (*response[list[entity]], error) {
	if _, err := k.catalogue.Provider(in.Provider); err != nil {
		return nil, err
	}
	var out []entity
	for _, e := range k.entities.List(in.Provider, in.Tenant, in.Kind) {
		if e.Order <= in.After {
			continue
		}
		if len(out) == in.Limit {
			return pageOf(out, out[len(out)-1].Order, true), nil
		}
		one, err := k.entity(e)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return fullList(out), nil
}

func (k *dashboard) getEntity(_ context.Context, in *entityIn) (*response[entity], error) {
	e, err := k.entities.Get(in.name())
	if err != nil {
		return nil, err
	}
	out, err := k.entity(e)
	return &response[entity]{out}, err
}

func (k *dashboard) deleteEntity(ctx context.Context, in *entityIn) (*struct{}, error) {
	return nil, k.entities.Delete(ctx, in.name())
}

// entityBody is an entity to create.
type entityBody struct {
	Kind      string             `json:"kind" doc:"what the provider calls such entities"`
	Tenant    string             `json:"tenant,omitempty" doc:"the tenant that has it; default: the demo tenant"`
	Overrides fixtures.Overrides `json:"overrides,omitempty" doc:"values of its fields, by path; the others are random"`
	Steps     []stepBody         `json:"steps,omitempty" doc:"the events that happen to it at once"`
}

// stepBody is an event that happens to an entity.
type stepBody struct {
	Event     string             `json:"event"`
	To        string             `json:"to,omitempty" doc:"the state that the event must lead to"`
	Overrides fixtures.Overrides `json:"overrides,omitempty" doc:"values to use instead of random ones, by path"`
}

// entityEvents is an entity and the events that happened to it.
type entityEvents struct {
	Entity entity           `json:"entity"`
	Events []fixtures.Event `json:"events" doc:"the events that happened, in order"`
}

func (k *dashboard) createEntity(ctx context.Context, in *providerBodyIn) (*response[entityEvents], error) {
	body, err := strict[entityBody](in.RawBody)
	if err != nil {
		return nil, err
	}
	return k.transact(func(update func(*entities.Tx) error) (entities.Entity, error) {
		return k.entities.Create(ctx, in.Provider, body.Kind, body.Tenant, body.Overrides, update)
	}, body.Steps)
}

func (k *dashboard) trigger(ctx context.Context, in *entityBodyIn) (*response[entityEvents], error) {
	body, err := strict[stepBody](in.RawBody)
	if err != nil {
		return nil, err
	}
	return k.transact(func(update func(*entities.Tx) error) (entities.Entity, error) {
		return k.entities.Update(ctx, entities.Name{Provider: in.Provider, Tenant: in.Tenant, Kind: in.Kind, ID: in.ID}, update)
	}, []stepBody{body})
}

// maxSteps bounds the steps of one request.
const maxSteps = 100

// transact makes the events of the steps happen to an entity.
func (k *dashboard) transact(apply func(func(*entities.Tx) error) (entities.Entity, error), steps []stepBody) (*response[entityEvents], error) {
	if len(steps) > maxSteps {
		return nil, fmt.Errorf("%w: %d steps: at most %d", delivery.ErrInvalid, len(steps), maxSteps)
	}
	out := entityEvents{Events: []fixtures.Event{}}
	e, err := apply(func(tx *entities.Tx) error {
		for _, s := range steps {
			event, err := tx.Trigger(fixtures.Step{Event: s.Event, To: s.To, Overrides: s.Overrides})
			if err != nil {
				return err
			}
			out.Events = append(out.Events, event)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out.Entity, err = k.entity(e)
	return &response[entityEvents]{out}, err
}
