package neostore

import (
	"bytes"
	"encoding/json"
	"slices"
)

// member is one member of a JSON object.
type member struct {
	name  string
	value json.RawMessage
}

// readMembers reads the members of a JSON object in their order; of two with one name the last counts.
func readMembers(raw json.RawMessage) (members []member, ok bool) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return nil, false
	}
	for dec.More() {
		name, err := dec.Token()
		var value json.RawMessage
		if err == nil {
			err = dec.Decode(&value)
		}
		if err != nil {
			return nil, false
		}
		members = put(members, name.(string), value)
	}
	return members, true
}

// put sets a member.
func put(members []member, name string, value json.RawMessage) []member {
	if at := slices.IndexFunc(members, func(m member) bool { return m.name == name }); at >= 0 {
		members[at].value = value
		return members
	}
	return append(members, member{name, value})
}

// merge is RFC 7386: what a patch makes of a value. Members keep their order, new ones follow.
func merge(target, patch json.RawMessage) json.RawMessage {
	changes, ok := readMembers(patch)
	if !ok {
		return patch
	}
	members, _ := readMembers(target)
	for _, change := range changes {
		at := slices.IndexFunc(members, func(m member) bool { return m.name == change.name })
		switch {
		case string(change.value) != "null":
			var before json.RawMessage
			if at >= 0 {
				before = members[at].value
			}
			members = put(members, change.name, merge(before, change.value))
		case at >= 0:
			members = slices.Delete(members, at, at+1)
		}
	}
	return write(members)
}

// write writes an object.
func write(members []member) json.RawMessage {
	text := []byte{'{'}
	for i, m := range members {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(append(append(text, quote(m.name)...), ':'), m.value...)
	}
	return append(text, '}')
}

// quote is a text in JSON.
func quote(text string) json.RawMessage {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(text) // a text always encodes
	return bytes.TrimSpace(out.Bytes())
}
