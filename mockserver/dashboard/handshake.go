package dashboard

import (
	"encoding/json"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/hookrig/hookrig/mockserver/internal/capture"
)

// handshake is the JSON form of capture.Handshake: a kind alone, or an object.
type handshake capture.Handshake

// UnmarshalJSON reads either form.
func (h *handshake) UnmarshalJSON(raw []byte) error {
	if raw[0] == '"' {
		return json.Unmarshal(raw, &h.Kind)
	}
	return decode(raw, (*capture.Handshake)(h))
}

// Schema describes both forms.
func (handshake) Schema(r huma.Registry) *huma.Schema {
	kind := &huma.Schema{Type: huma.TypeString}
	for _, k := range capture.HandshakeKinds() {
		kind.Enum = append(kind.Enum, k)
	}
	return &huma.Schema{OneOf: []*huma.Schema{kind, r.Schema(reflect.TypeFor[capture.Handshake](), true, "")}}
}
