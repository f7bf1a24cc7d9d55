package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/internal/redact"
)

// ParseRequest reads one raw HTTP/1.x request, head and body, as Append
// writes it; a chunked body is decoded, and its trailer fields are dropped.
// It is lenient where people edit requests by hand: lines may end in a bare
// LF, a request without Content-Length has all that follows the head as its
// body, and line ends after a body of stated length are ignored. Errors wrap
// ErrMalformed or ErrTooLarge and say the line.
func ParseRequest(raw []byte) (Message, error) {
	head := raw
	if end := headEnd(raw, 0); end > 0 {
		head = raw[:end]
	} else if len(raw) > MaxHead {
		return Message{}, fmt.Errorf("%w: no empty line within %d bytes", ErrTooLarge, MaxHead)
	}
	if len(head) > MaxHead {
		return Message{}, fmt.Errorf("%w: %d bytes, at most %d are read", ErrTooLarge, len(head), MaxHead)
	}
	body := raw[len(head):]
	var m Message
	line, rest := cutLine(head)
	if err := parseRequestLine(&m, line); err != nil {
		return Message{}, err
	}
	fields, err := parseFields(rest)
	if err != nil {
		return Message{}, err
	}
	m.Headers = fields
	frame, err := frameOf(fields)
	if err != nil {
		return Message{}, err
	}
	m.Body, err = requestBody(frame, body)
	if err != nil {
		return Message{}, err
	}
	return m, nil
}

func parseRequestLine(m *Message, line []byte) error {
	first, last := bytes.IndexByte(line, ' '), bytes.LastIndexByte(line, ' ')
	if first <= 0 || last <= first+1 || !validVersion(line[last+1:]) || !validToken(line[:first]) {
		return fmt.Errorf("%w: line 1: %s: want a request line such as \"POST /path HTTP/1.1\"", ErrMalformed, quote(line))
	}
	m.Method, m.Target, m.Version = string(line[:first]), string(line[first+1:last]), string(line[last+1:])
	return nil
}

// requestBody takes the body out of what follows the head.
func requestBody(f frame, rest []byte) ([]byte, error) {
	switch {
	case f.chunked:
		src := bytes.NewReader(rest)
		r := reader{src: src}
		body, err := r.chunks([]byte{}, math.MaxInt)
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, fmt.Errorf("%w: the chunked body ends early", ErrMalformed)
		}
		if err != nil {
			return nil, err
		}
		return body, afterBody(rest[len(rest)-src.Len()-(r.w-r.r):])
	case f.length >= 0:
		if int64(len(rest)) < f.length {
			return nil, fmt.Errorf("%w: the body has %d bytes, Content-Length says %d", ErrMalformed, len(rest), f.length)
		}
		return append(make([]byte, 0, f.length), rest[:f.length]...), afterBody(rest[f.length:])
	default:
		return append(make([]byte, 0, len(rest)), rest...), nil
	}
}

func afterBody(rest []byte) error {
	if len(bytes.Trim(rest, "\r\n")) > 0 {
		return fmt.Errorf("%w: %d bytes follow the end of the body: want none, or a higher Content-Length", ErrMalformed, len(rest))
	}
	return nil
}

// HeadEnd returns the length of the head that raw begins with, its empty line included, or 0 when the empty line is not there.
func HeadEnd(raw []byte) int { return headEnd(raw, 0) }

// headEnd returns the length of the head that raw starts with, its empty line included, or 0 when the empty
// line is not there yet. Bytes before from have been looked at before.
func headEnd(raw []byte, from int) int {
	at := max(0, from-len("\n\r"))
	for {
		i := bytes.IndexByte(raw[at:], '\n')
		if i < 0 {
			return 0
		}
		at += i + 1
		switch rest := raw[at:]; {
		case len(rest) > 0 && rest[0] == '\n':
			return at + 1
		case len(rest) > 1 && rest[0] == '\r' && rest[1] == '\n':
			return at + 2
		}
	}
}

// cutLine splits off the first line, without its end.
func cutLine(raw []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(raw, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r")), rest
}

// parseFields reads the header lines of a head, the first of which is its line 2.
func parseFields(raw []byte) (signature.Headers, error) {
	fields := make(signature.Headers, 0, bytes.Count(raw, []byte("\n")))
	for n := 2; len(raw) > 0; n++ {
		var line []byte
		line, raw = cutLine(raw)
		if len(line) == 0 {
			break
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok || !validToken(name) {
			return nil, fmt.Errorf("%w: line %d: %s: want a header line such as \"Name: value\"", ErrMalformed, n, quoteOf(redact.Below(nameOfLast(fields), string(line))))
		}
		value = bytes.Trim(value, " \t")
		if bytes.ContainsAny(value, "\r\x00") {
			return nil, fmt.Errorf("%w: line %d: %s: a header's value holds a control character", ErrMalformed, n, quote(line))
		}
		fields.Add(string(name), string(value))
	}
	return fields, nil
}

// validToken says whether text can be a method or a header's name: RFC 9110 §5.6.2, and the bytes above ASCII.
func validToken(text []byte) bool {
	if len(text) == 0 {
		return false
	}
	const delimiters = `"(),/:;<=>?@[\]{}`
	for _, c := range text {
		if c <= ' ' || c == 0x7f || strings.IndexByte(delimiters, c) >= 0 {
			return false
		}
	}
	return true
}

// validVersion says whether text is HTTP/1.x or another HTTP/d.d.
func validVersion(text []byte) bool {
	const form = "HTTP/1.1"
	return len(text) == len(form) && string(text[:5]) == form[:5] && digit(text[5]) && text[6] == '.' && digit(text[7])
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

// quote quotes a line of input for an error, without its secret and its end cut off when it is long.
func quote(input []byte) string {
	return quoteOf(redact.Line(string(input[:min(len(input), MaxHead)])))
}

func quoteOf(text string) string {
	const longest = 80
	if len(text) > longest {
		return fmt.Sprintf("%q…", text[:longest])
	}
	return fmt.Sprintf("%q", text)
}

func nameOfLast(fields signature.Headers) string {
	if len(fields) == 0 {
		return ""
	}
	return fields[len(fields)-1].Name
}
