package neostore

import (
	"bytes"
	"encoding/json"
)

// object is a JSON object whose members keep their order. A member with the value nil was removed.
type object struct {
	members []member
	at      map[string]int // by name
}

type member struct {
	name  string
	value json.RawMessage
}

// readObject reads an object. Of two members with one name the last counts.
func readObject(raw json.RawMessage) (o object, ok bool) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return o, false
	}
	for dec.More() {
		name, err := dec.Token()
		var value json.RawMessage
		if err == nil {
			err = dec.Decode(&value)
		}
		if err != nil {
			return o, false
		}
		o.set(name.(string), value)
	}
	return o, true
}

// get returns the value of a member, or nil when there is none.
func (o *object) get(name string) json.RawMessage {
	if at, ok := o.at[name]; ok {
		return o.members[at].value
	}
	return nil
}

func (o *object) set(name string, value json.RawMessage) {
	if at, ok := o.at[name]; ok {
		o.members[at].value = value
		return
	}
	if o.at == nil {
		o.at = map[string]int{}
	}
	o.at[name] = len(o.members)
	o.members = append(o.members, member{name, value})
}

// write writes the object.
func (o *object) write() json.RawMessage {
	text := []byte{'{'}
	for _, m := range o.members {
		if m.value == nil {
			continue
		}
		if len(text) > 1 {
			text = append(text, ',')
		}
		text = append(append(append(text, quote(m.name)...), ':'), m.value...)
	}
	return append(text, '}')
}

// merge merges a patch into a value (RFC 7386). Members keep their order, new ones follow.
func merge(target, patch json.RawMessage) json.RawMessage {
	changes, ok := readObject(patch)
	if !ok {
		return patch
	}
	merged, _ := readObject(target)
	for _, change := range changes.members {
		if string(change.value) == "null" {
			if merged.get(change.name) != nil {
				merged.set(change.name, nil)
			}
			continue
		}
		merged.set(change.name, merge(merged.get(change.name), change.value))
	}
	return merged.write()
}

// quote returns a text in JSON.
func quote(text string) json.RawMessage {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(text) // a text always encodes
	return bytes.TrimSpace(out.Bytes())
}
