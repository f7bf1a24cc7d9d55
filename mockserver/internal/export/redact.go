package export

import (
	"bytes"
	"encoding/json"
	"iter"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/internal/content"
	"github.com/hookrig/hookrig/internal/redact"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
	"github.com/hookrig/hookrig/mockserver/internal/wire/http1"
)

// Redacted is the text that replaces a secret.
const Redacted = redact.Word

// record is a capture to write.
type record struct {
	journal.Capture
	redacted []string // names of the redacted secrets
}

// redactions lists the redacted secrets for a comment.
func (r *record) redactions() string {
	return comment(Redacted + " replaces secrets: " + strings.Join(r.redacted, ", "))
}

// records are written in order. An error ends the writing.
type records = iter.Seq2[record, error]

// unredacted returns captures with their secrets.
func unredacted(captures Captures) records {
	return func(yield func(record, error) bool) {
		for c, err := range captures {
			if !yield(record{Capture: c}, err) {
				return
			}
		}
	}
}

// redactor removes secrets from captures: those that package redact knows, and those in the
// providers' files.
type redactor struct {
	headers  map[string]bool            // lower case
	query    map[string]bool            // lower case
	pointers map[string][]string        // into the bodies of each provider
	proofs   map[string]map[string]bool // for each provider: query parameters with signatures
}

// newRedactor finds the secrets that the providers of a catalogue send unchanged.
func newRedactor(known *fixtures.Catalogue) *redactor {
	r := &redactor{
		headers: map[string]bool{}, query: map[string]bool{}, pointers: map[string][]string{}, proofs: map[string]map[string]bool{},
	}
	for _, p := range known.Providers() {
		r.proofs[p.Name] = map[string]bool{}
		for _, s := range p.Signing.Signatures {
			for _, e := range s.Emit {
				if s.Alg != "static" && s.Alg != "basic" {
					r.proofs[p.Name][strings.ToLower(e.Query)] = true
					continue
				}
				if e.Header != "" {
					r.headers[strings.ToLower(e.Header)] = true
				}
				if e.Query != "" {
					r.query[strings.ToLower(e.Query)] = true
				}
				if e.Body != "" && s.Scope == "" {
					r.pointers[p.Name] = append(r.pointers[p.Name], e.Body)
				}
			}
		}
	}
	return r
}

func (r *redactor) redacted(captures Captures) records {
	return func(yield func(record, error) bool) {
		for c, err := range captures {
			var out record
			if err == nil {
				out = r.redact(c)
			}
			if !yield(out, err) {
				return
			}
		}
	}
}

// redact returns c without its secrets. It does not change memory that c shares.
func (r *redactor) redact(c journal.Capture) record {
	before := c
	pass := &redact.Pass{Headers: r.headers, Query: r.query}
	var pointers []string
	if c.Verification != nil {
		pass.Proofs, pointers = r.proofs[c.Verification.Provider], r.pointers[c.Verification.Provider]
	}
	c.Headers = slices.Clone(c.Headers)
	redactRequestLine(pass, &c.Message)
	for i := range c.Headers {
		line := &c.Headers[i]
		line.Value = pass.Header(line.Name, line.Value)
	}
	if changed, decoded := redactBody(pass, &before.Message, pointers); changed != nil {
		c.Headers = refitLines(c.Headers, len(c.Body), len(changed), decoded)
		c.Body = changed
	}
	// The raw bytes contain the redacted secrets. Those of an unreadable head may contain any.
	if !same(&c.Message, &before.Message) || slices.ContainsFunc(c.Problems, broken) || framingHasSecret(c.Raw) {
		c.Raw = nil
	}
	if c.Response != nil {
		response := c.Response.Clone()
		redactResponse(pass, &response)
		c.Response = &response
	}
	c.Problems = slices.Clone(c.Problems)
	for i, problem := range c.Problems {
		c.Problems[i] = pass.Known(pass.Quoted(problem))
	}
	if c.Verification != nil {
		verification := *c.Verification
		verification.Explanation = pass.Known(pass.Quoted(verification.Explanation))
		c.Verification = &verification
	}
	return record{c, pass.Found()}
}

func broken(problem string) bool {
	return strings.HasPrefix(problem, "malformed") || strings.HasPrefix(problem, "aborted")
}

func same(m, other *wire.Message) bool {
	return m.Method == other.Method && m.Target == other.Target && m.Version == other.Version && slices.Equal(m.Headers, other.Headers) &&
		bytes.Equal(m.Body, other.Body)
}

// framingHasSecret reports whether the bytes that a message does not have contain a secret: white
// space in a head, the extensions of chunks, a trailer. It does not look at the chunks, which may
// split lines anywhere.
func framingHasSecret(raw []byte) bool {
	end := http1.HeadEnd(raw, 0)
	if end == 0 {
		return len(raw) > 0
	}
	rest := raw[end:]
	for len(rest) > 0 {
		line, after, _ := bytes.Cut(rest, []byte("\n"))
		digits, extension, _ := strings.Cut(strings.TrimSpace(string(line)), ";")
		size, err := strconv.ParseUint(strings.TrimSpace(digits), 16, 40)
		if err != nil {
			return false // not a chunked body
		}
		if extension != "" && redact.Text(extension) != extension {
			return true
		}
		if size == 0 {
			for field := range strings.Lines(string(after)) {
				if redact.Line(strings.TrimRight(field, "\r\n")) != strings.TrimRight(field, "\r\n") {
					return true
				}
			}
			return false
		}
		if uint64(len(after)) < size {
			return false
		}
		rest = bytes.TrimLeft(after[size:], "\r\n")
	}
	return false
}

// redactRequestLine redacts the target. If the request line is malformed, for example because the
// head begins with a header line, it redacts the whole line.
func redactRequestLine(pass *redact.Pass, m *wire.Message) {
	if httpguts.ValidHeaderFieldName(m.Method) && !strings.Contains(m.Target, " ") && !redact.Name(m.Method) {
		m.Target = pass.URL(m.Target)
		return
	}
	line := m.Method + " " + m.Target + " " + m.Version
	changed := pass.Line(line)
	if changed == line {
		return
	}
	m.Version = ""
	m.Method, m.Target, _ = strings.Cut(changed, " ")
	// the target has spaces
	if method, target, ok := strings.Cut(changed, " "); ok && httpguts.ValidHeaderFieldName(method) {
		if at := strings.LastIndexByte(target, ' '); at >= 0 {
			m.Target, m.Version = target[:at], target[at+1:]
		}
	}
}

// redactBody returns the body of m without secrets, including those at the provider's pointers. It
// returns nil if there are none. It decodes a compressed body or another character set, and the
// result stays decoded.
func redactBody(pass *redact.Pass, m *wire.Message, pointers []string) (out []byte, decoded bool) {
	plain := content.Decode(m)
	out = plain.Bytes
	for _, pointer := range pointers {
		secret, ok := fixtures.Member(out, pointer)
		if !ok {
			continue
		}
		changed, err := fixtures.SetMembers(out, fixtures.Setting{Pointer: pointer, Value: json.RawMessage(`"` + Redacted + `"`)})
		if err == nil {
			pass.Take(pointer, strings.Trim(string(secret), `"`))
			out = changed
		}
	}
	out = pass.Body(m.Headers.Get("Content-Type"), out)
	if bytes.Equal(out, plain.Bytes) {
		return nil, false
	}
	return out, len(plain.Steps) > 0
}

// refit returns the new value of a header line after the body was redacted, or "" to remove the
// line. A correct length stays correct.
func refit(name, value string, before, now int, decoded bool) string {
	switch {
	case strings.EqualFold(name, "Content-Length") && value == strconv.Itoa(before):
		return strconv.Itoa(now)
	case decoded && strings.EqualFold(name, "Content-Encoding"):
		return ""
	case decoded && strings.EqualFold(name, "Content-Type"):
		return charset.ReplaceAllString(value, "${1}utf-8")
	}
	return value
}

var charset = regexp.MustCompile(`(?i)(;\s*charset=)[^;]*`)

func refitLines(lines signature.Headers, before, now int, decoded bool) signature.Headers {
	out := make(signature.Headers, 0, len(lines))
	for _, line := range lines {
		was := line.Value
		if line.Value = refit(line.Name, was, before, now, decoded); line.Value != "" || was == "" {
			out = append(out, line)
		}
	}
	return out
}

// redactResponse redacts the response to a capture, which may be that of a consumer.
func redactResponse(pass *redact.Pass, response *journal.Response) {
	m := wire.Message{Headers: slices.Clone(response.Lines), Body: []byte(response.Content())}
	for name, value := range response.Headers {
		m.Headers.Add(name, value)
	}
	if changed, decoded := redactBody(pass, &m, nil); changed != nil {
		*response = response.WithBody(changed)
		response.Lines = refitLines(response.Lines, len(m.Body), len(changed), decoded)
		for name, value := range response.Headers {
			if response.Headers[name] = refit(name, value, len(m.Body), len(changed), decoded); response.Headers[name] == "" && value != "" {
				delete(response.Headers, name)
			}
		}
	}
	for name, value := range response.Headers {
		response.Headers[name] = pass.Header(name, value)
	}
	for i := range response.Lines {
		line := &response.Lines[i]
		line.Value = pass.Header(line.Name, line.Value)
	}
}
