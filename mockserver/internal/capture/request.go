package capture

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/internal/clip"
	"github.com/hookrig/hookrig/internal/redact"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// request is one request as far as it was read.
type request struct {
	signature.Message
	bin      string // "": it names none
	problems []string
	refused  *refusal // nil: it was read whole
	last     bool     // no request can follow on the connection
	frame    frame
	head     string // its bytes
	plain    bool   // they are what wire.Append makes of the message
}

// refusal is why a request was not read whole.
type refusal struct {
	status   int
	problem  string
	why      cause
	declined bool // before a byte of the body was sent
	language language
}

// cause is what kind of thing was wrong.
type cause int

const (
	aborted cause = iota
	malformed
	tooLarge
)

// read reads the next request into c.request, and says whether there is anything to record or to answer.
func (c *conn) read() bool {
	r := &c.request
	*r = request{Message: signature.Message{Headers: r.Headers[:0]}}
	c.capture = journal.Capture{} // whose body need not be held while the connection is idle
	if c.in.arm(c.s.limits.idle) != nil {
		return false
	}
	c.idle.Store(true)
	if c.s.isClosing() { // looked at after idle was set, so that either this or wake ends the waiting
		return false
	}
	if c.in.await() != nil {
		return false // the sender ended the connection, or was idle for too long: nothing was sent
	}
	c.idle.Store(false)

	head, err := c.in.head(c.s.o.MaxHead)
	if len(head) == 0 {
		return false
	}
	problem := r.parse(string(head))
	r.bin = binOf(r.Target, c.s.base)
	if r.frame.cut && !strings.ContainsAny(r.Target[min(1, len(r.Target)):], "/?") {
		r.bin = "" // the name itself may have been cut
	}
	switch {
	case c.refuseForeign():
	case errors.Is(err, errMalformed):
		r.refuse(problem, "", "")
	case err != nil:
		r.refuse(err, fmt.Sprintf("the head has more than %d bytes", c.s.o.MaxHead), "the head was not whole")
	case problem != nil:
		r.refuse(problem, "", "")
	default:
		c.readBody()
	}
	return true
}

// readBody reads the body that the head announces.
func (c *conn) readBody() {
	r, f, most := &c.request, &c.request.frame, c.s.o.MaxBody
	announced := f.chunked || f.length > 0
	if announced && f.expect && c.in.r == c.in.w && f.length <= int64(most) {
		if _, err := io.WriteString(c.socket, "HTTP/1.1 100 Continue\r\n\r\n"); err != nil {
			r.refuse(err, "", "no byte of the body arrived")
			return
		}
	}
	switch {
	case !announced:
	case f.expect && f.length > int64(most): // the sender asked, and the answer is no
		r.refuse(errTooLarge, fmt.Sprintf("the body of %d bytes has more than %d", f.length, most), "")
		r.refused.declined = true
	case f.chunked:
		var err error
		var trailer []string
		r.Body, trailer, err = c.in.chunked(most, c.s.o.MaxHead)
		for _, line := range trailer {
			r.problems = append(r.problems, "trailer line: "+quoteLine(line))
		}
		if err != nil {
			r.refuse(err, fmt.Sprintf("the body has more than %d bytes", most),
				fmt.Sprintf("%d bytes of the chunked body arrived", len(r.Body)))
		}
	default:
		var err error
		if r.Body, err = c.in.sized(f.length, most); err != nil {
			r.refuse(err, fmt.Sprintf("the body of %d bytes has more than %d", f.length, most),
				fmt.Sprintf("%d of %d bytes of the body arrived", len(r.Body), f.length))
		}
	}
}

// refuse notes why the request was not read whole, with what there is to say if it is too large or was aborted.
func (r *request) refuse(err error, large, short string) {
	status, problem, why := http.StatusBadRequest, err.Error(), aborted
	var timeout net.Error
	switch {
	case errors.Is(err, errMalformed):
		why = malformed
		if r.frame.version {
			status = http.StatusHTTPVersionNotSupported
		}
	case errors.Is(err, errTooLarge):
		status, why = http.StatusRequestEntityTooLarge, tooLarge
		if !r.frame.whole {
			status = http.StatusRequestHeaderFieldsTooLarge
		}
		if err == errTooLarge { //nolint:errorlint // a wrapped one has its own words
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

// frame is what a head says of its message's end and of the connection: RFC 9112 §6 and §9.
type frame struct {
	length    int64 // of the body; 0 when nothing is said
	stated    bool  // there is a Content-Length
	coded     bool  // there is a Transfer-Encoding
	chunked   bool  // and it is chunked
	expect    bool  // the sender waits for 100 Continue
	close     bool
	keepAlive bool
	hosts     int
	version   bool // the version is one that is not spoken here
	whole     bool // the head was read to its end
	cut       bool // not even the request line was
}

// parse takes a head apart. Whatever is wrong with it, what could be read is there; the error is the first mistake.
// The strings of r are parts of head.
func (r *request) parse(head string) error {
	r.head, r.plain = head, true
	r.frame.cut = strings.IndexByte(head, '\n') < 0
	line, rest, bare := cutLine(head)
	first := r.parseRequestLine(line)
	for n := 2; rest != ""; n++ {
		var lf bool
		line, rest, lf = cutLine(rest)
		bare = bare || lf
		if line == "" {
			r.frame.whole = true
			break
		}
		if err := r.parseField(line, n); err != nil && first == nil {
			first = err
		}
	}
	r.plain = r.plain && !bare && first == nil && r.frame.whole
	if bare {
		r.problems = append(r.problems, "lines of the head end in LF, not in CRLF")
	}
	if first != nil || !r.frame.whole {
		return first
	}
	return r.checkFrame()
}

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

func (r *request) parseRequestLine(line string) error {
	first, last := strings.IndexByte(line, ' '), strings.LastIndexByte(line, ' ')
	if first < 0 || first == last {
		r.Method, r.Target, _ = strings.Cut(line, " ")
		return fmt.Errorf("%w: line 1: %s: want a request line such as \"POST /bin HTTP/1.1\"", errMalformed, quoteLine(line))
	}
	r.Method, r.Target, r.Version = line[:first], line[first+1:last], line[last+1:]
	if !isToken(r.Method) {
		return fmt.Errorf("%w: line 1: %s: %s is no method", errMalformed, quoteLine(line), clip.Quote(redact.Line(r.Method)))
	}
	if len(r.Version) != len("HTTP/1.1") || r.Version[:7] != "HTTP/1." || r.Version[7] < '0' || r.Version[7] > '9' {
		r.frame.version = strings.HasPrefix(r.Version, "HTTP/")
		return fmt.Errorf("%w: line 1: %s: %s is not HTTP/1.0 or HTTP/1.1", errMalformed, quoteLine(line), clip.Quote(redact.Text(r.Version)))
	}
	if strings.IndexByte(r.Target, ' ') >= 0 {
		r.problems = append(r.problems, "the target holds a space: "+clip.Quote(redact.URL(r.Target)))
	}
	if strings.ContainsFunc(r.Target, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		r.problems = append(r.problems, "the target holds a control character: "+clip.Quote(redact.URL(r.Target)))
	}
	return nil
}

// parseField adds line n of the head, a header line.
func (r *request) parseField(line string, n int) error {
	name, value, ok := strings.Cut(line, ":")
	if !ok || !isToken(name) {
		above := ""
		if len(r.Headers) > 0 {
			above = r.Headers[len(r.Headers)-1].Name
		}
		return fmt.Errorf("%w: line %d: %s: want a header line such as \"Name: value\"", errMalformed, n, clip.Quote(redact.Below(above, line)))
	}
	trimmed := strings.Trim(value, " \t")
	r.plain = r.plain && len(value) == len(trimmed)+1 && value[0] == ' '
	value = trimmed
	r.Headers = append(r.Headers, signature.Header{Name: name, Value: value})
	if strings.IndexByte(value, '\r') >= 0 || strings.IndexByte(value, 0) >= 0 {
		return fmt.Errorf("%w: line %d: %s: the value holds a CR or a NUL", errMalformed, n, quoteLine(line))
	}
	f := &r.frame
	switch {
	case is(name, "Host"):
		f.hosts++
	case is(name, "Content-Length"):
		length, err := strconv.ParseUint(value, 10, 62)
		if err != nil || f.stated && f.length != int64(length) {
			return fmt.Errorf("%w: line %d: %s: want one number of bytes", errMalformed, n, quoteLine(line))
		}
		f.length, f.stated = int64(length), true
	case is(name, "Transfer-Encoding"):
		f.coded = true
		f.chunked = is(strings.Trim(value[strings.LastIndexByte(value, ',')+1:], " \t"), "chunked")
	case is(name, "Connection"):
		f.close = f.close || lists(value, "close")
		f.keepAlive = f.keepAlive || lists(value, "keep-alive")
	case is(name, "Expect"):
		f.expect = is(value, "100-continue")
	}
	return nil
}

// checkFrame decides where the message ends, and notes what is unusual.
func (r *request) checkFrame() error {
	f := &r.frame
	old := r.Version == "HTTP/1.0"
	f.expect = f.expect && !old // RFC 9110 §10.1.1
	r.last = f.close || old && !f.keepAlive
	switch {
	case f.hosts == 0 && !old:
		r.problems = append(r.problems, "no Host line")
	case f.hosts > 1:
		r.problems = append(r.problems, fmt.Sprintf("%d Host lines", f.hosts))
	}
	if !f.coded {
		return nil
	}
	if !f.chunked {
		return fmt.Errorf("%w: Transfer-Encoding %s: want chunked as the last coding", errMalformed,
			clip.Quote(strings.Join(r.Headers.Values("Transfer-Encoding"), ", ")))
	}
	if f.stated { // RFC 9112 §6.3: the chunks count
		r.problems = append(r.problems, "both Transfer-Encoding and Content-Length")
		r.last = true
	}
	if old { // RFC 9112 §6.1
		r.problems = append(r.problems, "Transfer-Encoding in HTTP/1.0")
		r.last = true
	}
	return nil
}

// is compares without regard to case; the lengths differ most of the time.
func is(name, with string) bool { return len(name) == len(with) && strings.EqualFold(name, with) }

// lists says whether a comma-separated list holds token.
func lists(list, token string) bool {
	for item := range strings.SplitSeq(list, ",") {
		if is(strings.Trim(item, " \t"), token) {
			return true
		}
	}
	return false
}

// isToken says whether text can be a method or a header's name: RFC 9110 §5.6.2, and the bytes above ASCII.
func isToken(text string) bool {
	for i := range len(text) {
		if c := text[i]; c <= ' ' || c == 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return text != ""
}

// quoteLine quotes a line of a head or a trailer without its secret: problems and responses are shown around.
func quoteLine(line string) string { return clip.Quote(redact.Line(line)) }
