package drift

import "encoding/json"

// Draft is the dialect of the schemas.
const Draft = "https://json-schema.org/draft/2020-12/schema"

// Schema is a JSON Schema. Members that were always present are required, and members that never
// occurred are not allowed, so a validator finds every drift.
type Schema struct {
	Draft       string   `json:"$schema,omitempty"`
	Title       string   `json:"title,omitempty"`
	Description string   `json:"description,omitempty"`
	Type        any      `json:"type,omitempty"` // one Type, or several
	Enum        []any    `json:"enum,omitempty"`
	Properties  *Fields  `json:"properties,omitempty"`
	Required    []string `json:"required,omitempty"`
	Additional  *bool    `json:"additionalProperties,omitempty"`
	Items       *Schema  `json:"items,omitempty"`
	AnyOf       []Schema `json:"anyOf,omitempty"`
	Defs        *Fields  `json:"$defs,omitempty"`
	Ref         string   `json:"$ref,omitempty"`
}

// Fields are named schemas, in their order.
type Fields struct {
	Names   []string
	Schemas map[string]Schema
}

// Put appends a schema, or replaces the one of that name.
func (f *Fields) Put(name string, s Schema) {
	if f.Schemas == nil {
		f.Schemas = map[string]Schema{}
	}
	if _, exists := f.Schemas[name]; !exists {
		f.Names = append(f.Names, name)
	}
	f.Schemas[name] = s
}

// MarshalJSON encodes f as an object, in order.
func (f *Fields) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, name := range f.Names {
		if i > 0 {
			out = append(out, ',')
		}
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(f.Schemas[name])
		if err != nil {
			return nil, err
		}
		out = append(append(append(out, key...), ':'), value...)
	}
	return append(out, '}'), nil
}

// Schema returns a schema that accepts all bodies added so far, and no body that drifted from them,
// except that JSON Schema accepts 1.0 as an integer. A shape that has seen nothing allows
// everything.
func (s *Shape) Schema() Schema {
	var out Schema
	if types := s.Types(); len(types) == 1 {
		out.Type = types[0]
	} else if len(types) > 1 {
		out.Type = types
	}
	for _, word := range s.vocabulary() {
		out.Enum = append(out.Enum, word)
	}
	if out.Enum != nil && s.types[Null] > 0 {
		out.Enum = append(out.Enum, nil)
	}
	if s.types[Object] > 0 {
		allowed := s.more
		out.Properties, out.Additional = &Fields{}, &allowed
		for _, name := range s.order {
			out.Properties.Put(name, s.members[name].Schema())
			if s.always(name) {
				out.Required = append(out.Required, name)
			}
		}
	}
	if s.items != nil {
		items := s.items.Schema()
		out.Items = &items
	}
	return out
}
