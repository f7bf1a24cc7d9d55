package dashboard

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/internal/content"
	"github.com/hookrig/hookrig/mockserver/internal/delivery"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/problem"
)

// attempts answers with the captures of the same delivery, oldest first.
func (k *dashboard) attempts(ctx context.Context, in *captureIn) (*response[list[captured]], error) {
	c, err := k.store.Capture(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	found, err := k.capture.Attempts(ctx, c)
	return whole(k.newCaptureds(found)), err
}

// fit says whether a capture's body fits the schema of its event.
type fit struct {
	Provider string   `json:"provider"`
	Event    string   `json:"event" doc:"the event that it is; empty when it is none of the provider's"`
	Valid    bool     `json:"valid"`
	Problems []string `json:"problems" doc:"where it does not fit, and why"`
	// Undeclared members are not wrong, but no document names them.
	Undeclared []string `json:"undeclared" doc:"JSON pointers of members that the schema says nothing about"`
}

// maxSchemaBody bounds the bodies that are checked against a schema: one that breaks it in every member takes a second for
// each megabyte.
const maxSchemaBody = 2 << 20

// schema holds a capture's body against the schema that its bin's provider has for the event.
func (k *dashboard) schema(ctx context.Context, in *schemaIn) (*response[fit], error) {
	c, err := k.store.Capture(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	p, err := k.providerOf(ctx, c, in.Provider)
	if err != nil {
		return nil, err
	}
	out := fit{Provider: p.Name, Problems: []string{}, Undeclared: []string{}}
	// The schema is about what the body means, not about how it was compressed on its way.
	c.Body = content.Decode(&c.Message).Bytes
	if len(c.Body) > maxSchemaBody {
		return nil, problem.New(http.StatusUnprocessableEntity, fmt.Sprintf("the body has %d bytes: at most %d are checked against a schema; take it from /raw, and check it yourself", len(c.Body), maxSchemaBody))
	}
	event, known := p.Recognise(c.Message)
	if !known {
		out.Problems = append(out.Problems, fmt.Sprintf("it is no event of %s", p.Name))
		return &response[fit]{out}, nil
	}
	out.Event = event.Name
	var misfit *fixtures.SchemaError
	switch err := p.Validate(event.Name, c.Body); {
	case errors.As(err, &misfit):
		for _, v := range misfit.Violations {
			out.Problems = append(out.Problems, v.String())
		}
	case err != nil:
		return nil, err
	default:
		out.Valid = true
	}
	if found, err := p.Undeclared(event.Name, c.Body); err == nil { // else it is no JSON, which Validate has said
		out.Undeclared = append(out.Undeclared, found...)
	}
	return &response[fit]{out}, nil
}

// schemaIn names a capture, and whose event it is.
type schemaIn struct {
	ID       string `path:"id" doc:"the capture's id"`
	Provider string `query:"provider" doc:"whose event it is; left out: the bin's provider's"`
}

// providerOf is the provider called name, or the one of the capture's bin.
func (k *dashboard) providerOf(ctx context.Context, c journal.Capture, name string) (*fixtures.Provider, error) {
	if name == "" {
		set, err := k.capture.Settings(ctx, c.Bin)
		if err != nil {
			return nil, err
		}
		if name = set.Provider; name == "" {
			return nil, fmt.Errorf("%w: bin %s has no provider: name one, as in ?provider=neostore", delivery.ErrInvalid, c.Bin)
		}
	}
	return k.catalogue.Provider(name)
}
