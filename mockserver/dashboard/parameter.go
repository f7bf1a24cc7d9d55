package dashboard

import (
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/hookrig/hookrig/mockserver/internal/problem"
)

// maybe is a query parameter that may be left out, where its zero value means something else.
type maybe[T any] struct {
	value T
	set   bool
}

// Schema is the value's.
func (maybe[T]) Schema(r huma.Registry) *huma.Schema {
	return huma.SchemaFromType(r, reflect.TypeFor[T]())
}

// Receiver is where the value goes.
func (m *maybe[T]) Receiver() reflect.Value { return reflect.ValueOf(&m.value).Elem() }

// OnParamSet is told that there is a value.
func (m *maybe[T]) OnParamSet(set bool, _ any) { m.set = set }

// duration reads a query parameter such as 2s, or 2, into d; an empty one leaves d as it is.
func duration(name, value string, d *span) error {
	if value == "" {
		return nil
	}
	if err := d.UnmarshalText([]byte(value)); err != nil {
		p := problem.New(http.StatusUnprocessableEntity, "the request's query is wrong")
		p.Errors = []problem.Part{{Location: "query." + name, Message: err.Error(), Value: value}}
		return p
	}
	return nil
}
