package fault

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"
)

// member is a member of a JSON body, or an element of a list in it.
type member struct {
	path   []string // names and indexes from the top
	value  gjson.Result
	listed bool // an element of a list
}

// maxMembers bounds how many members of a body are looked at.
const maxMembers = 1024

// document returns the body as JSON.
func (r *Request) document() (gjson.Result, error) {
	if !gjson.ValidBytes(r.Message.Body) {
		return gjson.Result{}, errors.New("the body is not JSON")
	}
	return gjson.ParseBytes(r.Message.Body), nil
}

// object returns the body as a JSON object.
func (r *Request) object() (gjson.Result, error) {
	doc, err := r.document()
	if err == nil && !doc.IsObject() {
		err = errors.New("the body is no JSON object")
	}
	return doc, err
}

// members returns the members of a body that may be changed, in the order of the body, an object
// before what is in it. It leaves out the event's id and name, because a consumer is to fail at the
// change and not at an unknown event, and what the scheme writes.
func (r *Request) members(doc gjson.Result) []member {
	var list []member
	written := r.written()
	var walk func(path []string, v gjson.Result)
	walk = func(path []string, v gjson.Result) {
		index := -1
		v.ForEach(func(key, value gjson.Result) bool {
			name := key.Str
			if index++; v.IsArray() {
				name = itoa(index)
			}
			at := append(slices.Clip(path), name)
			known := value.Type == gjson.String && (value.Str == r.Event.ID || value.Str == r.Event.Name)
			if !known && !slices.Contains(written, value.Index) {
				list = append(list, member{at, value, v.IsArray()})
			}
			if value.Type == gjson.JSON {
				walk(at, value)
			}
			return len(list) < maxMembers
		})
	}
	walk(nil, doc)
	return list
}

// pointer returns the member's JSON pointer.
func (m *member) pointer() string {
	var b strings.Builder
	for _, step := range m.path {
		b.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(step))
	}
	return b.String()
}

// replaced returns the body with another text for a value.
func replaced(body []byte, v gjson.Result, text string) []byte {
	return slices.Concat(body[:v.Index], []byte(text), body[v.Index+len(v.Raw):])
}

// without returns the body without a member.
func without(body []byte, m *member) ([]byte, error) {
	path := make([]string, len(m.path))
	for i, step := range m.path {
		path[i] = gjson.Escape(step)
	}
	return sjson.DeleteBytes(bytes.Clone(body), strings.Join(path, "."))
}

// added returns the body with a member at the end of an object in it.
func added(body []byte, object gjson.Result, name, value string) []byte {
	end := object.Index + strings.LastIndexByte(object.Raw, '}')
	last := len(bytes.TrimRight(body[:end], " \t\r\n"))
	text := `"` + name + `":` + value
	if body[last-1] != '{' {
		text = "," + text
	}
	return slices.Concat(body[:last], []byte(text), body[last:])
}

// setBody replaces the body, and the length in a Content-Length line.
func (r *Request) setBody(body []byte) { setBody(&r.Message, body) }

func itoa(n int) string { return strconv.Itoa(n) }

// nameOf returns a name as JSON.
func nameOf(name string) string {
	text, _ := json.Marshal(name)
	return string(text)
}

func (r *Request) surround(before, after string) error {
	if len(r.Message.Body) == 0 {
		return errors.New("the body is empty")
	}
	r.setBody(slices.Concat([]byte(before), r.Message.Body, []byte(after)))
	return nil
}
