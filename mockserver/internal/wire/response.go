package wire

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/http"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/internal/clip"
	"github.com/hookrig/hookrig/internal/redact"
	"github.com/hookrig/hookrig/mockserver/internal/wire/http1"
)

// Response is the consumer's response.
type Response struct {
	Status  int               `json:"status"`
	Headers signature.Headers `json:"headers,omitempty"`
	Body    []byte            `json:"body,omitempty"`
	// Truncated reports that the body was longer than the kept part.
	Truncated bool `json:"truncated,omitempty"`
}

// reader reads responses from a connection.
type reader struct {
	http1.Reader
	head http1.Head // of the last response; its memory is reused
	// ended reports that no other response follows the last one on the connection.
	ended bool
}

// responseHead is the head of a final response.
type responseHead struct {
	status int
	frame  http1.Frame
	bodied bool // the response may have a body
	last   bool // no other request may follow on the connection
}

// whole reads a response for recording. After an error the Response has what was read.
func (r *reader) whole(toHEAD bool, limit int) (response Response, reusable bool, err error) {
	h, err := r.response(toHEAD, true)
	if err != nil {
		return response, false, err
	}
	return r.rest(&h, limit)
}

// rest reads the body of a response whose head was read with keep.
func (r *reader) rest(h *responseHead, limit int) (response Response, reusable bool, err error) {
	r.ended = h.last
	response.Status, response.Headers = h.status, r.head.Lines
	r.head.Lines = nil
	response.Body, reusable, err = r.body(h, limit)
	if errors.Is(err, http1.ErrLong) {
		response.Truncated, err = true, nil
	}
	return response, reusable, err
}

// response reads the next final head; it skips interim heads, 1xx. toHEAD says that the request was
// a HEAD. The lines of r.head are valid until the next read, unless keep copies them. Without keep
// it allocates nothing unless it fails.
func (r *reader) response(toHEAD, keep bool) (responseHead, error) {
	const maxInterim = 100
	for range maxInterim {
		h, err := r.next(toHEAD, keep)
		if err != nil || !h.interim() {
			return h, err
		}
	}
	return responseHead{}, fmt.Errorf("%w: more than %d interim responses", ErrMalformed, maxInterim)
}

// next reads the next head, which may be an interim one.
func (r *reader) next(toHEAD, keep bool) (responseHead, error) {
	raw, err := r.Head(MaxHead, checkStart)
	if err != nil {
		return responseHead{}, refused(err)
	}
	if keep {
		r.head.Lines = make(signature.Headers, 0, bytes.Count(raw, []byte("\n")))
		err = r.head.Parse(string(raw))
	} else {
		err = r.head.ParseView(raw)
	}
	version, status, errStart := http1.StatusLine(r.head.Start)
	if err = cmp.Or(errStart, err); err != nil {
		return responseHead{}, refused(err)
	}
	h := responseHead{status: status}
	if h.interim() {
		return h, nil
	}
	f := r.head.Frame
	// such servers close unless they say otherwise
	old := version == "HTTP/1.0" || version[5] == '0'
	h.frame, h.last = f, f.Close || old && !f.KeepAlive || f.Coded && f.Stated
	h.bodied = !toHEAD && status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
	// A forbidden body may follow anyway.
	h.last = h.last || status == http.StatusSwitchingProtocols || status == http.StatusNoContent && (f.Length > 0 || f.Coded)
	return h, nil
}

// interim reports whether a final response follows.
func (h *responseHead) interim() bool {
	return h.status < 200 && h.status != http.StatusSwitchingProtocols
}

// checkStart returns an error when a response does not start like HTTP, so that the reader does not
// wait for its end.
func checkStart(got []byte) (int, error) {
	const start = "HTTP/"
	if n := min(len(got), len(start)); string(got[:n]) == start[:n] {
		return 0, nil
	}
	hint := ""
	switch {
	case got[0] == 0x15 || got[0] == 0x16:
		hint = ": it looks like TLS: is this an https:// address?"
	case len(got) >= 4 && got[0] == 0 && got[1] == 0 && got[3] == 4:
		hint = ": it looks like HTTP/2, which is not supported"
	case bytes.HasPrefix(got, []byte("SSH-")):
		hint = ": it looks like SSH: is the port right?"
	}
	return 0, http1.Malformed(fmt.Sprintf("response %s is not HTTP%s", clip.Quote(redact.Line(string(got[:min(len(got), MaxHead)]))), hint))
}

// body reads the body of the response and reports whether the connection can be reused. most bounds
// the kept bytes; http1.ErrLong: there are more.
func (r *reader) body(h *responseHead, limit int) (body []byte, reusable bool, err error) {
	reusable = !h.last
	b := http1.Body{Max: limit}
	switch f := &h.frame; {
	case !h.bodied:
	case f.Chunked:
		err = r.Chunks(&b)
	case f.Coded || !f.Stated:
		reusable = false
		err = r.Rest(&b)
	default:
		if limit != http1.Skip {
			b.Bytes = make([]byte, 0, min(f.Length, int64(limit)))
		}
		err = r.Sized(&b, f.Length)
	}
	if err != nil && !errors.Is(err, http1.ErrLong) {
		err = refused(err)
	}
	return b.Bytes, reusable && err == nil && len(r.Buffered()) == 0, err
}
