package wire

import (
	"bytes"
	"fmt"
	"net/http"

	"github.com/hookrig/hookrig/fixtures/signature"
)

// Response is what the consumer answered.
type Response struct {
	Status  int               `json:"status"`
	Headers signature.Headers `json:"headers,omitempty"`
	Body    []byte            `json:"body,omitempty"`
	// Truncated says that the body was longer than what is kept of it.
	Truncated bool `json:"truncated,omitempty"`
}

// responseHead is the head of a final response.
type responseHead struct {
	status int
	fields []byte // the header lines and the empty one; they stay until the next read
	frame  frame
	bodied bool // the response may have a body
	last   bool // no other request may follow on the connection
}

// response reads the next final head: the interim ones, 1xx, are skipped. toHEAD says that a HEAD was asked.
func (r *reader) response(toHEAD bool) (responseHead, error) {
	const mostInterim = 100
	for range mostInterim {
		raw, err := r.head()
		if err != nil {
			return responseHead{}, err
		}
		h, err := parseResponseHead(raw)
		if err != nil {
			return h, err
		}
		if h.status >= 200 || h.status == http.StatusSwitchingProtocols {
			h.bodied = !toHEAD && h.status >= 200 && h.status != http.StatusNoContent && h.status != http.StatusNotModified
			// A body that must not be there may follow all the same.
			h.last = h.last || h.status == http.StatusSwitchingProtocols || h.status == http.StatusNoContent && (h.frame.length > 0 || h.frame.coded)
			return h, nil
		}
	}
	return responseHead{}, fmt.Errorf("%w: more than %d interim responses", ErrMalformed, mostInterim)
}

// parseResponseHead reads a status line and what the header lines say of the frame. It allocates nothing unless it fails.
func parseResponseHead(raw []byte) (responseHead, error) {
	line, fields := cutLine(raw)
	h := responseHead{fields: fields, frame: frame{length: -1}}
	const form = "HTTP/1.1 200"
	if len(line) < len(form) || !validVersion(line[:8]) || line[8] != ' ' || len(line) > len(form) && line[len(form)] != ' ' {
		return h, badStatusLine(line)
	}
	for _, c := range line[9:12] {
		if !digit(c) {
			return h, badStatusLine(line)
		}
		h.status = 10*h.status + int(c-'0')
	}
	if h.status < 100 {
		return h, badStatusLine(line)
	}
	for n := 2; len(fields) > 0; n++ {
		if line, fields = cutLine(fields); len(line) == 0 {
			break
		}
		colon := bytes.IndexByte(line, ':')
		if colon <= 0 {
			return h, fmt.Errorf("%w: line %d of the response: %s: want a header line", ErrMalformed, n, quote(line))
		}
		if err := h.frame.field(line[:colon], line[colon+1:]); err != nil {
			return h, err
		}
	}
	old := raw[5] == '0' || raw[5] == '1' && raw[7] == '0' // HTTP/0.9 and 1.0 close unless they say otherwise
	h.last = h.frame.close || old && !h.frame.keepAlive || h.frame.coded && h.frame.length >= 0
	return h, nil
}

func badStatusLine(line []byte) error {
	return fmt.Errorf("%w: response %s: want a status line such as \"HTTP/1.1 200 OK\"", ErrMalformed, quote(line))
}

// body reads the body of the response and says whether the connection can be used again. most bounds what is kept.
func (r *reader) body(h *responseHead, most int) (body []byte, reusable bool, err error) {
	reusable = !h.last
	switch f := &h.frame; {
	case !h.bodied:
	case f.chunked:
		body, err = r.chunks(nil, most)
	case f.coded || f.length < 0:
		reusable = false
		body, err = r.rest(nil, most)
	default:
		if most != skip {
			body = make([]byte, 0, min(f.length, int64(most)))
		}
		body, err = r.take(body, f.length, most)
	}
	return body, reusable && err == nil && r.r == r.w, err
}

// whole reads a response as it is recorded. After an error the Response holds what had been read.
func (r *reader) whole(toHEAD bool, most int) (response Response, reusable bool, err error) {
	h, err := r.response(toHEAD)
	if err != nil {
		return response, false, err
	}
	response.Status = h.status
	if response.Headers, err = parseFields(h.fields); err != nil {
		return response, false, err
	}
	response.Body, reusable, err = r.body(&h, most)
	if err == errBodyCut {
		response.Truncated, err = true, nil
	}
	return response, reusable, err
}
