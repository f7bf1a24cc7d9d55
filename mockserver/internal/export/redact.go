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

// record is a capture as it is written.
type record struct {
	journal.Capture
	redacted []string // names of the secrets that were taken out
}

// said says what was taken out, for a comment.
func (r *record) said() string {
	return comment(Redacted + " replaces secrets: " + strings.Join(r.redacted, ", "))
}

// records are written in their order. An error ends the writing.
type records = iter.Seq2[record, error]

// asTheyAre are captures with their secrets.
func asTheyAre(captures Captures) records {
	return func(yield func(record, error) bool) {
		for c, err := range captures {
			if !yield(record{Capture: c}, err) {
				return
			}
		}
	}
}

// redactor takes secrets out of captures: those of the one list, in package redact, and those of the providers' files.
type redactor struct {
	headers  map[string]bool            // lower case
	query    map[string]bool            // lower case
	pointers map[string][]string        // into the bodies of a provider
	proofs   map[string]map[string]bool // of a provider: values of the query that are signatures
}

// newRedactor knows where the providers of a catalogue send a secret as it is.
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

// redact returns c without its secrets. What c shares with others is not written to.
func (r *redactor) redact(c journal.Capture) record {
	before := c
	pass := &redact.Pass{Headers: r.headers, Query: r.query}
	var pointers []string
	if c.Verification != nil {
		pass.Proofs, pointers = r.proofs[c.Verification.Provider], r.pointers[c.Verification.Provider]
	}
	c.Headers = slices.Clone(c.Headers)
	requestLine(pass, &c.Message)
	for i := range c.Headers {
		line := &c.Headers[i]
		line.Value = pass.Header(line.Name, line.Value)
	}
	if changed, decoded := body(pass, &before.Message, pointers); changed != nil {
		c.Headers = refitLines(c.Headers, len(c.Body), len(changed), decoded)
		c.Body = changed
	}
	// The bytes of the wire hold what was taken out, and of a head that could not be read nobody knows what they hold.
	if !same(&c.Message, &before.Message) || slices.ContainsFunc(c.Problems, broken) || framingSpeaks(c.Raw) {
		c.Raw = nil
	}
	if c.Response != nil {
		response := c.Response.Clone()
		answer(pass, &response)
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

// framingSpeaks says whether what a message does not hold of a request's bytes does: white space in a head, the extensions of
// chunks, a trailer. Bodies in chunks may be torn apart anywhere, so that none of their lines is looked at.
func framingSpeaks(raw []byte) bool {
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
			return false // no body in chunks
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

// requestLine redacts the target. Where the request line is none, as that of a head which begins with a header line, all of it counts.
func requestLine(pass *redact.Pass, m *wire.Message) {
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
	if method, target, ok := strings.Cut(changed, " "); ok && httpguts.ValidHeaderFieldName(method) { // a target with spaces
		if at := strings.LastIndexByte(target, ' '); at >= 0 {
			m.Target, m.Version = target[:at], target[at+1:]
		}
	}
}

// body is the body of m without secrets, in the places where its provider has its own too; nil is one that has none. A body in a
// content coding or another character set is decoded for that, and the result stays so.
func body(pass *redact.Pass, m *wire.Message, pointers []string) (out []byte, decoded bool) {
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

// refit is what a header line says of a body that was redacted; "" leaves the line out. A length that was right stays right.
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

// answer redacts the response to a capture, which may be a consumer's.
func answer(pass *redact.Pass, response *journal.Response) {
	m := wire.Message{Headers: slices.Clone(response.Lines), Body: []byte(response.Content())}
	for name, value := range response.Headers {
		m.Headers.Add(name, value)
	}
	if changed, decoded := body(pass, &m, nil); changed != nil {
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
