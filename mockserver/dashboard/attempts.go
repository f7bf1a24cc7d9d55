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

// attempts returns the captures of the same delivery, oldest first.
func (k *dashboard) attempts(ctx context.Context, in *captureIn) (*response[list[captured]], error) {
	c, err := k.store.Capture(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	found, err := k.capture.Attempts(ctx, c)
	return fullList(k.newCaptureds(found)), err
}

// schemaCheck says whether a capture's body matches the schema of its event.
type schemaCheck struct {
	Provider string   `json:"provider"`
	Event    string   `json:"event" doc:"the name of the event; empty when the provider has no such event"`
	Valid    bool     `json:"valid"`
	Problems []string `json:"problems" doc:"where the body breaks the schema, and why"`
	// Undeclared members are not errors, but no document describes them.
	Undeclared []string `json:"undeclared" doc:"JSON pointers of members that the schema does not describe"`
}

// maxSchemaBody bounds the bodies that are checked against a schema, because a body that breaks the
// schema in every member takes a second for each megabyte.
const maxSchemaBody = 2 << 20

// schema checks a capture's body against the schema of its event, which comes from the bin's
// provider.
func (k *dashboard) schema(ctx context.Context, in *schemaIn) (*response[schemaCheck], error) {
	c, err := k.store.Capture(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	p, err := k.providerOf(ctx, c, in.Provider)
	if err != nil {
		return nil, err
	}
	out := schemaCheck{Provider: p.Name, Problems: []string{}, Undeclared: []string{}}
	// The schema describes the decoded body, not its compression.
	c.Body = content.Decode(&c.Message).Bytes
	if len(c.Body) > maxSchemaBody {
		return nil, problem.New(http.StatusUnprocessableEntity, fmt.Sprintf("the body has %d bytes, and the limit of the schema check is %d: download it from /raw and check it with another program", len(c.Body), maxSchemaBody))
	}
	event, known := p.Recognise(c.Message)
	if !known {
		out.Problems = append(out.Problems, fmt.Sprintf("it is not an event of %s", p.Name))
		return &response[schemaCheck]{out}, nil
	}
	out.Event = event.Name
	var schemaErr *fixtures.SchemaError
	switch err := p.Validate(event.Name, c.Body); {
	case errors.As(err, &schemaErr):
		for _, v := range schemaErr.Violations {
			out.Problems = append(out.Problems, v.String())
		}
	case err != nil:
		return nil, err
	default:
		out.Valid = true
	}
	// An error means that the body is not JSON, which is in Problems.
	if found, err := p.Undeclared(event.Name, c.Body); err == nil {
		out.Undeclared = append(out.Undeclared, found...)
	}
	return &response[schemaCheck]{out}, nil
}

// schemaIn names a capture and, optionally, a provider.
type schemaIn struct {
	ID       string `path:"id" doc:"the capture's id"`
	Provider string `query:"provider" doc:"the provider whose schema to use; default: the bin's provider"`
}

// providerOf returns the named provider. Without a name it returns the provider of the capture's
// bin.
func (k *dashboard) providerOf(ctx context.Context, c journal.Capture, name string) (*fixtures.Provider, error) {
	if name == "" {
		set, err := k.capture.Settings(ctx, c.Bin)
		if err != nil {
			return nil, err
		}
		if name = set.Provider; name == "" {
			return nil, fmt.Errorf("%w: bin %s has no provider: give one, as in ?provider=neostore", delivery.ErrInvalid, c.Bin)
		}
	}
	return k.catalogue.Provider(name)
}
