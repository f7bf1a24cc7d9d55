package dashboard

import (
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/hookrig/hookrig/mockserver/internal/problem"
)

// optional is a query parameter whose absence differs from its zero value.
type optional[T any] struct {
	value T
	set   bool
}

// Schema is the schema of the value.
func (optional[T]) Schema(r huma.Registry) *huma.Schema {
	return huma.SchemaFromType(r, reflect.TypeFor[T]())
}

// Receiver tells huma where to put the value.
func (m *optional[T]) Receiver() reflect.Value { return reflect.ValueOf(&m.value).Elem() }

// OnParamSet records whether the parameter is present.
func (m *optional[T]) OnParamSet(set bool, _ any) { m.set = set }

// parseDuration reads a query parameter such as 2s, or 2 for seconds, into d. An empty one leaves d
// as it is.
func parseDuration(name, value string, d *duration) error {
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
