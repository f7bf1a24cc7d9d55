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

// longestBody bounds the body of a call of the API, in bytes. Captures have a bound of their own.
const longestBody = 16 << 20

// fields are the members of a call's JSON object. As Laravel does, they take numbers and truth values that are written
// as text; null is a member that is left out. The first mistake is kept.
type fields struct {
	members map[string]json.RawMessage
	err     error
}

// readFields reads a body: a JSON object, or a form if that is what its type says. No body is no fields.
func readFields(r *http.Request) (*fields, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, longestBody+1))
	switch {
	case err != nil:
		return nil, err
	case len(body) > longestBody:
		return nil, fail(http.StatusRequestEntityTooLarge, "the body has more than %d bytes", longestBody)
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

// has says whether a member is there, null or not.
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
func (f *fields) text(name string, longest int, to *string) {
	raw := f.value(name)
	if raw == nil {
		return
	}
	var text string
	switch {
	case json.Unmarshal(raw, &text) != nil:
		f.wrong(name, "text")
	case len(text) > longest:
		f.wrong(name, "at most "+strconv.Itoa(longest)+" bytes")
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

// optional takes a whole number that may be null, or false as an old expiry is.
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
