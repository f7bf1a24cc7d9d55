package capture

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/hookrig/hookrig/internal/clip"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire/http1"
)

// answer is a response that is ready to be written.
type answer struct {
	record  journal.Response // the response as stored with the capture
	content string           // the body
	// the status line and the header lines that do not depend on the request
	head     string
	bodiless bool // the status allows no body
	last     bool // the connection ends after it

	length, date, connection bool // the script sets these lines itself, right or wrong
}

// newAnswer prepares a response. checkResponse lists what a response may contain.
func newAnswer(r journal.Response) *answer {
	if r.Status == 0 && !r.Hang && !r.Reset {
		r.Status = http.StatusOK
	}
	a := &answer{record: r, content: r.Content(), bodiless: isBodiless(r.Status)}
	var head strings.Builder
	head.WriteString(statusLine(r.Status))
	body := a.content
	typed := body == ""
	state := func(name, value string) {
		fmt.Fprintf(&head, "%s: %s\r\n", name, value)
		switch {
		case is(name, "Content-Type"):
			typed = true
		case is(name, "Content-Length"), is(name, "Transfer-Encoding"):
			// The body is written unchanged, so only the end of the connection marks its end.
			a.length, a.last = true, true
		case is(name, "Date"):
			a.date = true
		case is(name, "Connection"):
			a.connection = true
			a.last = a.last || http1.Lists(value, "close")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Headers)) {
		state(name, r.Headers[name])
	}
	for _, line := range r.Lines {
		state(line.Name, line.Value)
	}
	if !typed {
		kind := "text/plain; charset=utf-8"
		switch {
		case json.Valid([]byte(body)):
			kind = "application/json"
		case len(r.Binary) > 0:
			kind = "application/octet-stream"
		}
		head.WriteString("Content-Type: " + kind + "\r\n")
	}
	a.head = head.String()
	return a
}

func statusLine(status int) string {
	reason := http.StatusText(status)
	if reason == "" {
		reason = "Status " + strconv.Itoa(status)
	}
	return fmt.Sprintf("HTTP/1.1 %03d %s\r\n", status, reason)
}

// appendHead appends the head of the response. The header line Hookrig-Capture tells the sender the
// capture's id.
func (a *answer) appendHead(dst []byte, r *request, now time.Time, id string, last bool) []byte {
	dst = append(dst, a.head...)
	if !a.date {
		dst = append(dst, "Date: "...)
		dst = now.UTC().AppendFormat(dst, http.TimeFormat)
		dst = append(dst, "\r\n"...)
	}
	if id != "" {
		dst = append(dst, "Hookrig-Capture: "...)
		dst = append(dst, id...)
		dst = append(dst, "\r\n"...)
	}
	switch {
	case a.connection:
	case last:
		dst = append(dst, "Connection: close\r\n"...)
	case !last && r.Version == "HTTP/1.0":
		dst = append(dst, "Connection: keep-alive\r\n"...)
	}
	if !a.length && !a.bodiless {
		dst = append(dst, "Content-Length: "...)
		dst = strconv.AppendInt(dst, int64(len(a.content)), 10)
		dst = append(dst, "\r\n"...)
	}
	return append(dst, "\r\n"...)
}

// body returns what follows the head of the response to a request.
func (a *answer) body(r *request) string {
	if a.bodiless || r.Method == http.MethodHead {
		return ""
	}
	return a.content
}

// maxDelay bounds the delay of a response, and the time that its body may take.
const maxDelay = 10 * time.Minute

// checkResponse returns what is wrong with a scripted response. The error names the response by
// where.
func checkResponse(r journal.Response, where string) error {
	switch delay := time.Duration(r.Delay); {
	case r.Status != 0 && (r.Status < 200 || r.Status > 999):
		return fmt.Errorf("%w: %s: status %d: want 200 to 999", ErrInvalid, where, r.Status)
	case delay < 0 || delay > maxDelay:
		return fmt.Errorf("%w: %s: delay %s: want 0s to %s", ErrInvalid, where, delay, maxDelay)
	case r.Drip < 0 || time.Duration(r.Drip) > maxDelay:
		return fmt.Errorf("%w: %s: drip %s: want 0s to %s", ErrInvalid, where, r.Drip, maxDelay)
	case r.Cut != "" && r.Cut != journal.CutHead && r.Cut != journal.CutBody:
		return fmt.Errorf("%w: %s: cut %s: want \"head\" or \"body\", where the connection is reset", ErrInvalid, where, clip.Quote(r.Cut))
	case r.Body != "" && len(r.Binary) > 0:
		return fmt.Errorf("%w: %s: body and body_base64: want one of them", ErrInvalid, where)
	case r.Hang && r.Reset:
		return fmt.Errorf("%w: %s: hang and reset: want one of them", ErrInvalid, where)
	case (r.Hang || r.Reset) && (r.Status != 0 || r.Content() != "" || len(r.Headers) > 0 || len(r.Lines) > 0 || r.Drip > 0 || r.Cut != ""):
		return fmt.Errorf("%w: %s: a response that hangs or resets has no status, headers or body", ErrInvalid, where)
	case (r.Drip > 0 || r.Cut == journal.CutBody) && (r.Content() == "" || isBodiless(r.Status)):
		return fmt.Errorf("%w: %s: drip, or cut in the body: the response has no body; add one", ErrInvalid, where)
	case r.Drip > 0 && r.Cut == journal.CutHead:
		return fmt.Errorf("%w: %s: drip and cut in the head: the body is never sent; use one of them", ErrInvalid, where)
	}
	for name, value := range r.Headers {
		if err := checkLine(name, value, where); err != nil {
			return err
		}
	}
	for _, line := range r.Lines {
		if err := checkLine(line.Name, line.Value, where); err != nil {
			return err
		}
	}
	return nil
}

func checkLine(name, value, where string) error {
	if !httpguts.ValidHeaderFieldName(name) {
		return fmt.Errorf("%w: %s: header %s: want a name such as \"Retry-After\"", ErrInvalid, where, clip.Quote(name))
	}
	if strings.ContainsAny(value, "\r\n\x00") {
		return fmt.Errorf("%w: %s: header %s: %s holds a line end", ErrInvalid, where, name, clip.Quote(value))
	}
	return nil
}

// isBodiless reports whether a response with that status has no body.
func isBodiless(status int) bool {
	return status == http.StatusNoContent || status == http.StatusNotModified
}
