package neostore

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"unicode/utf8"

	"github.com/hookrig/hookrig/mockserver/internal/vendorapi"
)

// fieldErrors are the members of a request that are wrong, and why.
type fieldErrors map[string][]string

func (w fieldErrors) add(field, format string, args ...any) {
	w[field] = append(w[field], fmt.Sprintf(format, args...))
}

// err returns a 400 with all of them, or nil when there is none.
func (w fieldErrors) err() error {
	if len(w) == 0 {
		return nil
	}
	e := vendorapi.Errorf(http.StatusBadRequest, "")
	e.Fields = w
	return e
}

// readInput reads a request's body, a JSON object, into v.
func readInput(w http.ResponseWriter, r *http.Request, v any) error {
	body, err := vendorapi.JSONBody(w, r, false)
	if err != nil {
		return err
	}
	if !utf8.Valid(body) {
		return vendorapi.Errorf(http.StatusBadRequest, "The body is not UTF-8.")
	}
	if nesting(body) > maxNesting {
		return vendorapi.Errorf(http.StatusBadRequest, "The body is nested more than %d deep.", maxNesting)
	}
	if text := bytes.TrimLeft(body, " \t\r\n"); len(text) > 0 && text[0] != '{' && json.Valid(body) {
		return vendorapi.Errorf(http.StatusBadRequest, "The body is not a JSON object.")
	}
	return vendorapi.Decode(body, v)
}

// maxNesting is how deep a body may be nested: the default of .NET's reader of JSON.
const maxNesting = 64

// nesting returns how deep a JSON text is nested.
func nesting(text []byte) int {
	depth, deepest, quoted := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{', c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}', c == ']':
			depth--
		}
	}
	return deepest
}

// given says whether a member is there and not null: null counts as left out.
func given(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

// text reads a member that is a text of at most that many bytes.
func (w fieldErrors) text(field string, raw json.RawMessage, most int) string {
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		w.add(field, "The value is not a text.")
	} else if len(s) > most {
		w.add(field, "The text has %d bytes: at most %d are kept.", len(s), most)
	}
	return s
}

// Bounds of an object that is stored: its bytes, and the members of an object of texts.
const (
	maxObject = 256 << 10
	maxTexts  = 100
)

// object reads a member that is an object. With texts all values must be texts, or null when it is
// merged.
func (w fieldErrors) object(field string, raw json.RawMessage, texts, merged bool) json.RawMessage {
	o, ok := readObject(raw)
	if !ok {
		w.add(field, "The value is not an object.")
		return nil
	}
	if len(raw) > maxObject {
		w.add(field, "The object has %d bytes: at most %d are kept.", len(raw), maxObject)
	}
	if texts && len(o.members) > maxTexts {
		w.add(field, "The object has %d members: at most %d are kept.", len(o.members), maxTexts)
	}
	for _, m := range o.members {
		if texts && m.value[0] != '"' && (!merged || string(m.value) != "null") {
			w.add(field+"."+m.name, "The value is not a text.")
		}
	}
	return raw
}
