package dashboard

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/delivery"
)

// emission is provider.Emission, with set as a list or as an object of pointers.
type emission struct {
	delivery.Emission
	Set overrides `json:"set,omitempty"`
}

// emission is delivery.Emission with set as a list, or as an object with JSON pointers as keys.
func (e emission) emission() delivery.Emission {
	e.Emission.Set = e.Set
	return e.Emission
}

// emissions is one emission, or an array of emissions that are emitted in one step.
type emissions []emission

// UnmarshalJSON reads an object or an array. It refuses unknown members.
func (e *emissions) UnmarshalJSON(raw []byte) error {
	if raw[0] == '[' {
		var list []emission
		err := decode(raw, &list)
		*e = list
		return err
	}
	var one emission
	err := decode(raw, &one)
	*e = emissions{one}
	return err
}

// Schema describes both forms.
func (emissions) Schema(r huma.Registry) *huma.Schema {
	one := r.Schema(reflect.TypeFor[emission](), true, "")
	return &huma.Schema{OneOf: []*huma.Schema{one, {Type: huma.TypeArray, Items: one}}}
}

// overrides are values for members of a body: [{"pointer": "/a", "value": 1}] or {"/a": 1}. They
// keep their order.
type overrides []fixtures.Setting

// UnmarshalJSON reads either form.
func (s *overrides) UnmarshalJSON(raw []byte) error {
	*s = nil
	if raw[0] != '{' {
		var list []fixtures.Setting
		err := decode(raw, &list)
		*s = list
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if _, err := dec.Token(); err != nil {
		return err
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return err
		}
		pointer, ok := key.(string)
		if !ok {
			return errors.New("set: want an object with JSON pointers as keys")
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return fmt.Errorf("set %s: %w", pointer, err)
		}
		*s = append(*s, fixtures.Setting{Pointer: pointer, Value: value})
	}
	return nil
}

// Schema describes both forms.
func (overrides) Schema(r huma.Registry) *huma.Schema {
	setting := r.Schema(reflect.TypeFor[fixtures.Setting](), true, "")
	return &huma.Schema{OneOf: []*huma.Schema{
		{Type: huma.TypeArray, Items: setting},
		{Type: huma.TypeObject, Description: "values by JSON pointer", AdditionalProperties: true},
	}}
}
