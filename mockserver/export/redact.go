package export

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/journal"
)

// Redacted stands where a secret stood.
const Redacted = "REDACTED"

// redactor takes secrets out of captures.
type redactor struct {
	headers  map[string]bool     // lower case
	query    map[string]bool     // lower case
	pointers map[string][]string // into the bodies of a provider
}

// newRedactor knows where the providers of a catalogue send a secret as it is.
func newRedactor(known *fixtures.Catalogue) *redactor {
	r := &redactor{
		headers:  map[string]bool{"authorization": true, "proxy-authorization": true, "cookie": true, "set-cookie": true},
		query:    map[string]bool{"key": true, "auth": true, "sig": true},
		pointers: map[string][]string{},
	}
	for _, p := range known.Providers() {
		for _, s := range p.Signing.Signatures {
			if s.Alg != "static" && s.Alg != "basic" {
				continue
			}
			for _, e := range s.Emit {
				r.headers[strings.ToLower(e.Header)] = true
				r.query[strings.ToLower(e.Query)] = true
				if e.Body != "" && s.Scope == "" {
					r.pointers[p.Name] = append(r.pointers[p.Name], e.Body)
				}
			}
		}
	}
	return r
}

func (r *redactor) redacted(captures Captures) Captures {
	return func(yield func(journal.Capture, error) bool) {
		for c, err := range captures {
			if err == nil {
				c = r.redact(c)
			}
			if !yield(c, err) {
				return
			}
		}
	}
}

// redact returns c without its secrets. What c shares with others is not written to.
func (r *redactor) redact(c journal.Capture) journal.Capture {
	before := c
	c.Headers = slices.Clone(c.Headers)
	for i := range c.Headers {
		line := &c.Headers[i]
		line.Value = r.value(line.Name, line.Value)
	}
	c.Target = r.target(c.Target)
	if c.Verification != nil {
		r.body(&c, r.pointers[c.Verification.Provider])
	}
	// The bytes of the wire hold what was taken out, and of a head that could not be read nobody knows what they hold.
	broken := func(problem string) bool {
		return strings.HasPrefix(problem, "malformed") || strings.HasPrefix(problem, "aborted")
	}
	if !slices.Equal(c.Headers, before.Headers) || c.Target != before.Target || !bytes.Equal(c.Body, before.Body) || slices.ContainsFunc(c.Problems, broken) {
		c.Raw = nil
	}
	if c.Reply != nil {
		reply := c.Reply.Clone()
		for name, value := range reply.Headers {
			reply.Headers[name] = r.value(name, value)
		}
		for i := range reply.Lines {
			line := &reply.Lines[i]
			line.Value = r.value(line.Name, line.Value)
		}
		c.Reply = &reply
	}
	return c
}

// value is that of a header line. The scheme of an Authorization stays.
func (r *redactor) value(name, value string) string {
	lower := strings.ToLower(name)
	if value == "" || !r.headers[lower] && !speaksOfSecrets(lower) {
		return value
	}
	if scheme, _, ok := strings.Cut(value, " "); ok && strings.HasSuffix(lower, "authorization") && len(scheme) <= len("AWS4-HMAC-SHA256") {
		return scheme + " " + Redacted
	}
	return Redacted
}

// target redacts values of the query; its other bytes stay.
func (r *redactor) target(target string) string {
	path, query, ok := strings.Cut(target, "?")
	if !ok {
		return target
	}
	fields := strings.Split(query, "&")
	for i, field := range fields {
		name, value, has := strings.Cut(field, "=")
		if !has || value == "" {
			continue
		}
		plain, err := url.QueryUnescape(name)
		if err != nil {
			plain = name
		}
		if plain = strings.ToLower(plain); r.query[plain] || speaksOfSecrets(plain) {
			fields[i] = name + "=" + Redacted
		}
	}
	return path + "?" + strings.Join(fields, "&")
}

// body redacts the members of a body that hold its provider's secret.
func (r *redactor) body(c *journal.Capture, pointers []string) {
	before := len(c.Body)
	for _, pointer := range pointers {
		if _, ok := fixtures.Member(c.Body, pointer); !ok {
			continue
		}
		changed, err := fixtures.SetMembers(c.Body, fixtures.Setting{Pointer: pointer, Value: json.RawMessage(`"` + Redacted + `"`)})
		if err == nil {
			c.Body = changed
		}
	}
	if len(c.Body) == before {
		return
	}
	for i := range c.Headers {
		if strings.EqualFold(c.Headers[i].Name, "Content-Length") {
			c.Headers[i].Value = strconv.Itoa(len(c.Body))
		}
	}
}

// speaksOfSecrets says whether a name, in lower case, is one that secrets go by.
func speaksOfSecrets(name string) bool {
	for _, word := range []string{"secret", "token", "passw", "api-key", "api_key", "apikey", "access-key", "access_key"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}
