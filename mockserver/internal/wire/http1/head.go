package http1

import (
	"bytes"
	"fmt"
	"strings"
	"unsafe"

	"golang.org/x/net/http/httpguts"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/internal/clip"
	"github.com/hookrig/hookrig/internal/redact"
)

// MaxHead is the default limit of a head, in bytes.
const MaxHead = 64 << 10

// Head is a parsed head. Its strings are parts of the text that was parsed.
type Head struct {
	Start string            // the request line or the status line
	Lines signature.Headers // the header lines that could be parsed
	Frame Frame
	Whole bool // the final empty line is there
	Cut   bool // even the first line has no end
	Bare  bool // a line ends in LF without CR
	Plain bool // formatted as wire.Append does: CRLF, and "Name: value"
}

// Parse parses a head. It keeps the readable header lines even when it fails; the error is the
// first mistake. It reuses the memory of h.Lines, and allocates nothing else unless it fails.
func (h *Head) Parse(text string) error {
	*h = Head{Lines: h.Lines[:0], Plain: true, Cut: strings.IndexByte(text, '\n') < 0}
	var first error
	rest := ""
	h.Start, rest, h.Bare = cutLine(text)
	for n := 2; rest != ""; n++ {
		var line string
		var bare bool
		line, rest, bare = cutLine(rest)
		h.Bare = h.Bare || bare
		if line == "" {
			h.Whole = true
			break
		}
		if err := h.field(line, n); err != nil && first == nil {
			first = err
		}
	}
	h.Plain = h.Plain && !h.Bare && first == nil && h.Whole
	return first
}

// ParseView parses a head like Parse. The strings of h are parts of raw, so they are valid until
// raw changes.
func (h *Head) ParseView(raw []byte) error { return h.Parse(view(raw)) }

// view returns bytes as a string, which is valid until the bytes change.
func view(raw []byte) string { return unsafe.String(unsafe.SliceData(raw), len(raw)) }

// field adds line n of the head, a header line.
func (h *Head) field(line string, n int) error {
	colon := strings.IndexByte(line, ':')
	if colon < 0 || !httpguts.ValidHeaderFieldName(line[:colon]) {
		above := ""
		if len(h.Lines) > 0 {
			above = h.Lines[len(h.Lines)-1].Name
		}
		return Malformed(fmt.Sprintf("line %d: %s: want a header line such as \"Name: value\"", n, clip.Quote(redact.Below(above, line))))
	}
	name, value := line[:colon], line[colon+1:]
	trimmed := strings.Trim(value, " \t")
	h.Plain = h.Plain && len(value) == len(trimmed)+1 && value[0] == ' '
	h.Lines = append(h.Lines, signature.Header{Name: name, Value: trimmed})
	if strings.IndexByte(trimmed, '\r') >= 0 || strings.IndexByte(trimmed, 0) >= 0 {
		return Malformed(fmt.Sprintf("line %d: %s: the value holds a CR or a NUL", n, quote(line)))
	}
	if !h.Frame.Field(name, trimmed) {
		return Malformed(fmt.Sprintf("line %d: %s: want one number of bytes", n, quote(line)))
	}
	return nil
}

// RequestLine parses a request line, as far as possible. The version has the form HTTP/1.1.
func RequestLine(line string) (method, target, version string, err error) {
	first, last := strings.IndexByte(line, ' '), strings.LastIndexByte(line, ' ')
	if last <= first+1 {
		method, target, _ = strings.Cut(line, " ")
		return method, target, "", noRequestLine(line)
	}
	method, target, version = line[:first], line[first+1:last], line[last+1:]
	switch {
	case !httpguts.ValidHeaderFieldName(method):
		err = Malformed(fmt.Sprintf("line 1: %s: %s is not a method", quote(line), quote(method)))
	case !strings.HasPrefix(version, "HTTP/"):
		err = noRequestLine(line)
	case !isVersion(version):
		err = WrongVersion(line, version)
	}
	return method, target, version, err
}

func noRequestLine(line string) error {
	return Malformed(fmt.Sprintf("line 1: %s: want a request line such as \"POST /bin HTTP/1.1\"", quote(line)))
}

// WrongVersion returns the error for a request line with an unsupported version.
func WrongVersion(line, version string) error {
	return Malformed(fmt.Sprintf("line 1: %s: %s is not HTTP/1.0 or HTTP/1.1", quote(line), clip.Quote(redact.Text(version))))
}

// StatusLine parses a status line: its version, of the form HTTP/1.1, and its status.
func StatusLine(line string) (version string, status int, err error) {
	const form = "HTTP/1.1 200"
	ok := len(line) >= len(form) && isVersion(line[:8]) && line[8] == ' ' && (len(line) == len(form) || line[len(form)] == ' ')
	for i := len("HTTP/1.1 "); ok && i < len(form); i++ {
		ok = isDigit(line[i])
		status = 10*status + int(line[i]-'0')
	}
	if !ok || status < 100 {
		return "", 0, Malformed(fmt.Sprintf("response %s: want a status line such as \"HTTP/1.1 200 OK\"", quote(line)))
	}
	return line[:8], status, nil
}

// isVersion reports whether text has the form HTTP/d.d.
func isVersion(text string) bool {
	return len(text) == len("HTTP/1.1") && text[:5] == "HTTP/" && isDigit(text[5]) && text[6] == '.' && isDigit(text[7])
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// cutLine splits off the first line, without its end, which may be a bare LF.
func cutLine(text string) (line, rest string, bare bool) {
	end := strings.IndexByte(text, '\n')
	if end < 0 {
		return text, "", false
	}
	if end > 0 && text[end-1] == '\r' {
		return text[:end-1], text[end+1:], false
	}
	return text[:end], text[end+1:], true
}

// HeadEnd returns the length of the head that raw starts with, including its empty line, or 0 when
// the empty line has not arrived. The first seen bytes were checked before.
func HeadEnd(raw []byte, seen int) int {
	at := max(0, seen-len("\n\r"))
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
