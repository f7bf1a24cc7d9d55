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

// entitiesIn asks for entities.
type entitiesIn struct {
	Provider string `path:"provider" doc:"the provider's name"`
	Tenant   string `query:"tenant" doc:"whose they are; the demo tenant's without"`
	Kind     string `query:"kind" doc:"only these"`
	Limit    int    `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"how many, at most"`
	After    uint64 `query:"after" doc:"only those with a higher order"`
}

// entityIn names an entity.
type entityIn struct {
	Provider string `path:"provider" doc:"the provider's name"`
	Kind     string `path:"kind" doc:"what the provider calls such entities"`
	ID       string `path:"id" doc:"the entity's id"`
	Tenant   string `query:"tenant" doc:"whose it is; the demo tenant's without"`
}

func (in *entityIn) name() entities.Name {
	return entities.Name{Provider: in.Provider, Tenant: in.Tenant, Kind: in.Kind, ID: in.ID}
}

// entityBodyIn names an entity and carries a body.
type entityBodyIn struct {
	Provider string `path:"provider" doc:"the provider's name"`
	Kind     string `path:"kind" doc:"what the provider calls such entities"`
	ID       string `path:"id" doc:"the entity's id"`
	Tenant   string `query:"tenant" doc:"whose it is; the demo tenant's without"`
	RawBody  []byte
}

// entity is an entity, and what can happen to it next.
type entity struct {
	Kind     string          `json:"kind"`
	ID       string          `json:"id"`
	Tenant   string          `json:"tenant"`
	State    string          `json:"state" doc:"where it stands in its journey"`
	Order    uint64          `json:"order" doc:"the number of its creation"`
	Created  time.Time       `json:"created" doc:"on the schedule's clock"`
	At       time.Time       `json:"at" doc:"when its last event happened"`
	Events   uint64          `json:"events" doc:"how many events have happened to it"`
	Possible []string        `json:"possible" doc:"the events that can happen to it next"`
	Fields   json.RawMessage `json:"fields" doc:"what its events draw from"`
}

func (k *dashboard) entity(e entities.Entity) (entity, error) {
	now, err := k.entities.Revive(&e)
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
			return page(out, out[len(out)-1].Order, true), nil
		}
		one, err := k.entity(e)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return whole(out), nil
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

// entityBody is an entity to make.
type entityBody struct {
	Kind   string         `json:"kind" doc:"what the provider calls such entities"`
	Tenant string         `json:"tenant,omitempty" doc:"whose it is; the demo tenant's without"`
	Given  fixtures.Given `json:"given,omitempty" doc:"values of its fields, by path; the others are drawn"`
	Steps  []stepBody     `json:"steps,omitempty" doc:"what happens to it at once"`
}

// stepBody is something that happens.
type stepBody struct {
	Event string         `json:"event"`
	To    string         `json:"to,omitempty" doc:"the state that it must lead to"`
	Given fixtures.Given `json:"given,omitempty" doc:"values to take instead of drawn ones, by path"`
}

// changedEntity is an entity, and the events that happened.
type changedEntity struct {
	Entity entity           `json:"entity"`
	Events []fixtures.Event `json:"events" doc:"what happened, in its order"`
}

func (k *dashboard) createEntity(ctx context.Context, in *providerBodyIn) (*response[changedEntity], error) {
	body, err := strict[entityBody](in.RawBody)
	if err != nil {
		return nil, err
	}
	return k.transact(func(update func(*entities.Tx) error) (entities.Entity, error) {
		return k.entities.Create(ctx, in.Provider, body.Kind, body.Tenant, body.Given, update)
	}, body.Steps)
}

func (k *dashboard) happen(ctx context.Context, in *entityBodyIn) (*response[changedEntity], error) {
	body, err := strict[stepBody](in.RawBody)
	if err != nil {
		return nil, err
	}
	return k.transact(func(update func(*entities.Tx) error) (entities.Entity, error) {
		return k.entities.Update(ctx, entities.Name{Provider: in.Provider, Tenant: in.Tenant, Kind: in.Kind, ID: in.ID}, update)
	}, []stepBody{body})
}

// maxSteps bounds how much happens at once.
const maxSteps = 100

// transact has steps happen to an entity in one transaction.
func (k *dashboard) transact(of func(func(*entities.Tx) error) (entities.Entity, error), steps []stepBody) (*response[changedEntity], error) {
	if len(steps) > maxSteps {
		return nil, fmt.Errorf("%w: %d steps: at most %d", delivery.ErrInvalid, len(steps), maxSteps)
	}
	out := changedEntity{Events: []fixtures.Event{}}
	e, err := of(func(tx *entities.Tx) error {
		for _, s := range steps {
			event, err := tx.Happen(fixtures.Step{Event: s.Event, To: s.To, Given: s.Given})
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
	return &response[changedEntity]{out}, err
}
