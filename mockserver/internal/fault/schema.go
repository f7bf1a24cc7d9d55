package fault

import (
	"errors"
	"fmt"

	"github.com/tidwall/gjson"

	"github.com/hookrig/hookrig/fixtures"
)

// violations returns what in a body does not fit the schema of its event.
func (r *Request) violations(body []byte) []fixtures.Violation {
	err := r.Provider.Validate(r.Event.Name, body)
	var schema *fixtures.SchemaError
	if errors.As(err, &schema) {
		return schema.Violations
	}
	if err != nil {
		return []fixtures.Violation{{Text: err.Error()}}
	}
	return nil
}

// violates reports whether a body does not fit because of a keyword of the schema, at a pointer
// unless that is "".
func (r *Request) violates(body []byte, keyword, pointer string) bool {
	for _, v := range r.violations(body) {
		if v.Keyword == keyword && (pointer == "" || v.Pointer == pointer) {
			return true
		}
	}
	return false
}

// changeMember changes the first member of the body that change returns a changed body for. what
// says which member is needed.
func (r *Request) changeMember(what string, change func(m *member) []byte) error {
	doc, err := r.document()
	if err != nil {
		return err
	}
	if v := r.violations(r.Message.Body); len(v) > 0 {
		return fmt.Errorf("the body does not fit the schema of %s to begin with: %s", r.Event.Name, v[0])
	}
	for _, m := range r.members(doc) {
		if body := change(&m); body != nil {
			r.setBody(body)
			return nil
		}
	}
	return fmt.Errorf("the schema of %s has no member that %s", r.Event.Name, what)
}

// addMember adds a member to an object of the body.
func (r *Request) addMember(choose func(doc gjson.Result) gjson.Result, name, value string) error {
	doc, err := r.object()
	if err != nil {
		return err
	}
	r.setBody(added(r.Message.Body, choose(doc), name, value))
	return nil
}

func isOne(t gjson.Type, of []gjson.Type) bool {
	for _, one := range of {
		if t == one {
			return true
		}
	}
	return false
}
