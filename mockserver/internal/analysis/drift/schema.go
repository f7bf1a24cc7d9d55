package drift

import "encoding/json"

// Draft is the dialect of the schemas.
const Draft = "https://json-schema.org/draft/2020-12/schema"

// Schema is a JSON Schema of a place: what was always there is required, and what never was is not allowed, so that a
// validator tells of every drift.
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

// Put adds a schema behind the others, or replaces that of the name.
func (f *Fields) Put(name string, s Schema) {
	if f.Schemas == nil {
		f.Schemas = map[string]Schema{}
	}
	if _, held := f.Schemas[name]; !held {
		f.Names = append(f.Names, name)
	}
	f.Schemas[name] = s
}

// MarshalJSON writes an object.
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

// Schema is the schema that fits all that was taken in, and nothing that drifted from it, but that JSON Schema takes 1.0
// for an integer. A shape that has seen nothing allows everything.
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
