package webhooksite

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/hookrig/hookrig/internal/clip"
)

// maxCall bounds the body of a call of the API, in bytes. Captures have another bound.
const maxCall = 16 << 20

// fields are the members of a call's JSON object. As in Laravel, numbers and truth values may be
// written as text, and null counts as left out. The first mistake is kept.
type fields struct {
	members map[string]json.RawMessage
	err     error
}

// readFields reads a body: a JSON object, or a form by its content type. No body is no fields.
func readFields(r *http.Request) (*fields, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxCall+1))
	switch {
	case err != nil:
		return nil, err
	case len(body) > maxCall:
		return nil, fail(http.StatusRequestEntityTooLarge, "the body has more than %d bytes", maxCall)
	}
	f := &fields{members: map[string]json.RawMessage{}}
	if body = bytes.TrimSpace(body); len(body) == 0 {
		return f, nil
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") && body[0] != '{' {
		return f, f.readForm(string(body))
	}
	if err := json.Unmarshal(body, &f.members); err != nil {
		return nil, fail(http.StatusBadRequest, "the body %s is no JSON object: %s", clip.Quote(string(body)), err)
	}
	if !utf8.Valid(body) {
		return nil, fail(http.StatusBadRequest, "the body is not UTF-8")
	}
	return f, nil
}

func (f *fields) readForm(body string) error {
	values, err := url.ParseQuery(body)
	if err != nil {
		return fail(http.StatusBadRequest, "the body %s is no form: %s", clip.Quote(body), err)
	}
	for name := range values {
		text, err := json.Marshal(values.Get(name))
		if err != nil {
			return err
		}
		f.members[name] = text
	}
	return nil
}

// has says whether a member is there, even null.
func (f *fields) has(name string) bool { return f.members[name] != nil }

// value returns a member; nil when it is left out or null.
func (f *fields) value(name string) json.RawMessage {
	if raw := f.members[name]; string(raw) != "null" {
		return raw
	}
	return nil
}

func (f *fields) wrong(name, want string) {
	if f.err == nil {
		f.err = invalid("%s %s: want %s", name, clip.Quote(string(f.members[name])), want)
	}
}

// text takes a member that is text.
func (f *fields) text(name string, limit int, to *string) {
	raw := f.value(name)
	if raw == nil {
		return
	}
	var text string
	switch {
	case json.Unmarshal(raw, &text) != nil:
		f.wrong(name, "text")
	case len(text) > limit:
		f.wrong(name, "at most "+strconv.Itoa(limit)+" bytes")
	default:
		*to = text
	}
}

// integer takes a member that is a whole number.
func (f *fields) integer(name string, least, most int, to *int) {
	raw := f.value(name)
	if raw == nil {
		return
	}
	n, err := strconv.ParseFloat(strings.Trim(string(raw), `"`), 64)
	if err != nil || n != float64(int(n)) || n < float64(least) || n > float64(most) {
		f.wrong(name, "a whole number, "+strconv.Itoa(least)+" to "+strconv.Itoa(most))
		return
	}
	*to = int(n)
}

// optional takes a whole number that may be null, or false as in old expiries.
func (f *fields) optional(name string, least, most int, to **int) {
	if !f.has(name) {
		return
	}
	if raw := string(f.members[name]); raw == "null" || raw == "false" {
		*to = nil
		return
	}
	n := 0
	if f.integer(name, least, most, &n); f.err == nil {
		*to = &n
	}
}

// flag takes a member that is a truth value.
func (f *fields) flag(name string, to *bool) {
	raw := f.value(name)
	if raw == nil {
		return
	}
	switch strings.Trim(string(raw), `"`) {
	case "true", "1":
		*to = true
	case "false", "0", "":
		*to = false
	default:
		f.wrong(name, "true or false")
	}
}
