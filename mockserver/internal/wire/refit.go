package wire

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/internal/redact"
	"github.com/hookrig/hookrig/mockserver/internal/wire/http1"
)

const (
	contentLength    = "Content-Length"
	transferEncoding = "Transfer-Encoding"
	connection       = "Connection"
)

// Refit adapts the head of a recorded request to another connection. It removes the lines that
// concern the connection on which the request came (RFC 9110 §7.6.1), and corrects Content-Length
// and Transfer-Encoding so that they state where the body ends (RFC 9112 §6). A chunked body stays
// chunked, and Content-Length is added only for a body that is not empty. Refit returns notes on
// what it corrected or removed, except for Connection, Keep-Alive and an added Content-Length.
//
// Refit replaces m's headers and body and does not write to them.
func Refit(m *Message) (notes []string) {
	lines := make(signature.Headers, 0, len(m.Headers)+1)
	connected := OfConnection(m.Headers)
	var codings, lengths []string
	for _, line := range m.Headers {
		switch name := strings.ToLower(line.Name); {
		case name == "transfer-encoding":
			for coding := range strings.SplitSeq(line.Value, ",") {
				if coding = strings.ToLower(strings.Trim(coding, " \t")); coding != "" {
					codings = append(codings, coding)
				}
			}
		case name == "content-length":
			lengths = append(lengths, strings.Trim(line.Value, " \t"))
		case name == "connection", name == "keep-alive", name == "proxy-connection":
			continue
		case name == "expect":
			notes = append(notes, line.Name+" removed: the body is sent at once")
			continue
		case connected(line.Name):
			notes = append(notes, line.Name+" removed: it concerned the original connection")
			continue
		}
		lines = append(lines, line)
	}
	m.Headers = lines
	if coded := m.Headers.Values(transferEncoding); len(coded) > 0 {
		return append(notes, refitCoded(m, codings, lengths, strings.Join(coded, ", "))...)
	}
	return append(notes, refitLength(m, lengths)...)
}

// OfConnection returns a function that reports whether a header line concerns one connection only
// (RFC 9110 §7.6.1): the usual ones, and those that the message's Connection lines name. Host,
// Content-Length and Transfer-Encoding are never among them: each message needs them.
func OfConnection(headers signature.Headers) func(name string) bool {
	names := []string{
		"connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te", "trailer", "upgrade",
	}
	for _, list := range headers.Values(connection) {
		for name := range strings.SplitSeq(list, ",") {
			switch name = strings.ToLower(strings.Trim(name, " \t")); name {
			case "host", "content-length", "transfer-encoding":
			default:
				names = append(names, name)
			}
		}
	}
	return func(name string) bool { return slices.Contains(names, strings.ToLower(name)) }
}

// refitCoded corrects a head with a Transfer-Encoding: only chunked remains.
func refitCoded(m *Message, codings, lengths []string, stated string) (notes []string) {
	chunked := len(codings) > 0 && codings[len(codings)-1] == "chunked"
	for i := len(codings) - 1; i >= 0; i-- {
		switch codings[i] {
		case "chunked", "identity":
			continue
		}
		body, err := undo(codings[i], m.Body)
		if err != nil {
			notes = append(notes, fmt.Sprintf("Transfer-Encoding %q: %s could not be decoded (%v): the body is sent as it was recorded", stated, codings[i], err))
			break
		}
		m.Body = body
		notes = append(notes, fmt.Sprintf("Transfer-Encoding %q: %s was decoded, because it is for one connection only; the body has %d bytes", stated, codings[i], len(body)))
	}
	switch {
	case !chunked:
		m.Headers.Del(transferEncoding)
		notes = append(notes, fmt.Sprintf("Transfer-Encoding %q removed: it does not say where a request ends", stated))
		return append(notes, refitLength(m, lengths)...)
	case !strings.EqualFold(strings.Trim(stated, " \t"), "chunked"): // a list, in any format
		replace(&m.Headers, transferEncoding, "chunked")
	}
	if len(lengths) > 0 {
		m.Headers.Del(contentLength)
		notes = append(notes, "Content-Length removed: the body is sent in chunks")
	}
	return notes
}

// refitLength corrects Content-Length in a head without Transfer-Encoding.
func refitLength(m *Message, lengths []string) (notes []string) {
	if len(lengths) == 0 {
		if len(m.Body) > 0 {
			SetLength(m)
		}
		return nil
	}
	if n, ok := http1.Length(lengths[0]); ok && len(lengths) == 1 && n == int64(len(m.Body)) {
		return nil
	}
	SetLength(m)
	for _, text := range lengths {
		for item := range strings.SplitSeq(text, ",") {
			if n, ok := http1.Length(item); !ok || n != int64(len(m.Body)) {
				return []string{fmt.Sprintf("body is not the recorded one: head says %.80s bytes, %d sent; Content-Length set to %d",
					strings.Join(lengths, " and "), len(m.Body), len(m.Body))}
			}
		}
	}
	return []string{fmt.Sprintf("Content-Length was given more than once (%.80s); one is sent", strings.Join(lengths, " and "))}
}

// SetLength sets m's single Content-Length to the length of its body, in the place of the first one
// or at the end. It does not change a chunked message.
func SetLength(m *Message) {
	if coded := m.Headers.Values(transferEncoding); len(coded) > 0 && http1.EndsChunked(coded[len(coded)-1]) {
		return
	}
	replace(&m.Headers, contentLength, strconv.Itoa(len(m.Body)))
}

// replace leaves one line of a name, in the place and case of the first one.
func replace(headers *signature.Headers, name, value string) {
	lines := make(signature.Headers, 0, len(*headers)+1)
	found := false
	for _, line := range *headers {
		if strings.EqualFold(line.Name, name) {
			if found {
				continue
			}
			found, line.Value = true, value
		}
		lines = append(lines, line)
	}
	if !found {
		lines.Add(name, value)
	}
	*headers = lines
}

// undo decodes a transfer coding.
func undo(coding string, body []byte) ([]byte, error) {
	const limit = 64 << 20
	var (
		r   io.Reader
		err error
	)
	switch coding {
	case "gzip", "x-gzip":
		r, err = gzip.NewReader(bytes.NewReader(body))
	case "deflate":
		r, err = zlib.NewReader(bytes.NewReader(body))
	default:
		return nil, fmt.Errorf("unknown coding")
	}
	if err != nil {
		return nil, err
	}
	plain, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && len(plain) > limit {
		err = fmt.Errorf("it has more than %d MiB", limit>>20)
	}
	return plain, err
}

// CheckHead returns why a request's head cannot be sent, because a consumer would read another
// request or none: a method or a header name that is no token, a target with a space, a value with
// a line end. The error wraps ErrMalformed. It returns nil for a head that can be sent.
func CheckHead(m *Message) error {
	if !httpguts.ValidHeaderFieldName(m.Method) {
		return fmt.Errorf("%w: method %.80q: want a word such as POST", ErrMalformed, m.Method)
	}
	if m.Target == "" || strings.ContainsFunc(m.Target, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return fmt.Errorf("%w: target %.80q: want a path without spaces, such as /hooks", ErrMalformed, redact.URL(m.Target))
	}
	for _, line := range m.Headers {
		if !httpguts.ValidHeaderFieldName(line.Name) {
			return fmt.Errorf("%w: header line %.80q: its name is no token: want letters, digits and none of \"(),/:;<=>?@[\\]{} or a space", ErrMalformed, redact.Line(line.Name+": "+line.Value))
		}
		if strings.ContainsAny(line.Value, "\r\n\x00") {
			return fmt.Errorf("%w: header line %.80q: its value holds a line end or a NUL", ErrMalformed, redact.Line(line.Name+": "+line.Value))
		}
	}
	return nil
}

// Whole reports whether m's head states where its body ends, so that another request may follow on
// the connection.
func Whole(m *Message) bool {
	f, err := http1.FrameOf(m.Headers)
	switch {
	case err != nil:
		return false
	case f.Coded:
		return f.Chunked && !f.Stated
	}
	return f.Length == int64(len(m.Body))
}
