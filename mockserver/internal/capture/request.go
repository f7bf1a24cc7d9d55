package capture

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/internal/clip"
	"github.com/hookrig/hookrig/internal/redact"
	"github.com/hookrig/hookrig/mockserver/internal/wire/http1"
)

// request is one request, as far as it was read.
type request struct {
	signature.Message
	bin         string // "": the target names none
	problems    []string
	refused     *refusal // nil: the request was read whole
	last        bool     // no request can follow on the connection
	unsupported bool     // the server does not speak its HTTP version
	parsed      http1.Head
	head        string // the raw head
	plain       bool   // wire.Append of the message gives the same bytes
}

// refusal says why a request was not read whole.
type refusal struct {
	status   int
	problem  string
	why      cause
	declined bool // refused before the sender sent the body
	language language
}

// cause is the kind of problem.
type cause int

const (
	aborted cause = iota
	malformed
	tooLarge
)

// refuse notes why the request was not read whole. large and short describe a request that is too
// large or was aborted.
func (r *request) refuse(err error, large, short string) {
	status, problem, why := http.StatusBadRequest, err.Error(), aborted
	var timeout net.Error
	switch {
	case errors.As(err, new(http1.Malformed)):
		why = malformed
		if r.unsupported {
			status = http.StatusHTTPVersionNotSupported
		}
	case errors.Is(err, http1.ErrLong), errors.As(err, new(http1.TooLarge)):
		status, why = http.StatusRequestEntityTooLarge, tooLarge
		if !r.parsed.Whole {
			status = http.StatusRequestHeaderFieldsTooLarge
		}
		if errors.Is(err, http1.ErrLong) { // other errors have a complete text
			problem += ": " + large
		}
	case errors.As(err, &timeout) && timeout.Timeout():
		status, problem = http.StatusRequestTimeout, "aborted: "+short+" in time"
	case errors.Is(err, io.EOF):
		problem = "aborted: " + short + " when the sender ended the connection"
	default:
		problem = "aborted: " + short + ": " + err.Error()
	}
	r.problems = append(r.problems, problem)
	r.refused = &refusal{status: status, problem: problem, why: why}
	r.last = true
}

// parse parses a head. It keeps what can be read even when it fails; the error is the first
// mistake. The strings of r are parts of head.
func (r *request) parse(head string) error {
	errLines := r.parsed.Parse(head)
	r.head, r.Headers = head, r.parsed.Lines
	first := r.parseRequestLine()
	r.plain = r.parsed.Plain && first == nil
	if first == nil {
		first = errLines
	}
	if r.parsed.Bare {
		r.problems = append(r.problems, "lines of the head end in LF, not in CRLF")
	}
	if first != nil || !r.parsed.Whole {
		return first
	}
	return r.checkFrame()
}

func (r *request) parseRequestLine() (err error) {
	line := r.parsed.Start
	if r.Method, r.Target, r.Version, err = http1.RequestLine(line); err == nil && !strings.HasPrefix(r.Version, "HTTP/1.") {
		err = http1.WrongVersion(line, r.Version)
	}
	if err != nil {
		r.unsupported = strings.HasPrefix(r.Version, "HTTP/") && httpguts.ValidHeaderFieldName(r.Method)
		return err
	}
	if strings.IndexByte(r.Target, ' ') >= 0 {
		r.problems = append(r.problems, "the target holds a space: "+clip.Quote(redact.URL(r.Target)))
	}
	if strings.ContainsFunc(r.Target, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		r.problems = append(r.problems, "the target holds a control character: "+clip.Quote(redact.URL(r.Target)))
	}
	return nil
}

// checkFrame determines where the message ends, and notes what is unusual.
func (r *request) checkFrame() error {
	f := &r.parsed.Frame
	old := r.Version == "HTTP/1.0"
	f.Expect = f.Expect && !old // RFC 9110 §10.1.1
	r.last = f.Close || old && !f.KeepAlive
	switch {
	case f.Hosts == 0 && !old:
		r.problems = append(r.problems, "no Host line")
	case f.Hosts > 1:
		r.problems = append(r.problems, fmt.Sprintf("%d Host lines", f.Hosts))
	}
	if !f.Coded {
		return nil
	}
	if !f.Chunked {
		return http1.Malformed("Transfer-Encoding " + clip.Quote(strings.Join(r.Headers.Values("Transfer-Encoding"), ", ")) + ": want chunked as the last coding")
	}
	if f.Stated { // RFC 9112 §6.3: the chunks win
		r.problems = append(r.problems, "both Transfer-Encoding and Content-Length")
		r.last = true
	}
	if old { // RFC 9112 §6.1
		r.problems = append(r.problems, "Transfer-Encoding in HTTP/1.0")
		r.last = true
	}
	return nil
}

// is compares without regard to case. It compares lengths first, because they usually differ.
func is(name, with string) bool { return len(name) == len(with) && strings.EqualFold(name, with) }
