package wire

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/hookrig/hookrig/fixtures/signature"
)

const (
	contentLength    = "Content-Length"
	transferEncoding = "Transfer-Encoding"
	connection       = "Connection"
)

// frame is what a head says of the end of its message: RFC 9112 §6.
type frame struct {
	length    int64 // of the body; -1: not stated
	chunked   bool  // the body is in chunks; length does not count
	coded     bool  // there is a Transfer-Encoding, chunked or not
	close     bool  // Connection: close
	keepAlive bool  // Connection: keep-alive, which matters in HTTP/1.0
}

// frameOf reads the frame of parsed header lines.
func frameOf(fields signature.Headers) (frame, error) {
	f := frame{length: -1}
	for i := range fields {
		if err := f.field([]byte(fields[i].Name), []byte(fields[i].Value)); err != nil {
			return f, err
		}
	}
	return f, nil
}

// field takes account of one header line. It allocates nothing unless it fails.
func (f *frame) field(name, value []byte) error {
	switch len(name) {
	case len(connection):
		if equalFold(name, connection) {
			f.close = f.close || hasToken(value, "close")
			f.keepAlive = f.keepAlive || hasToken(value, "keep-alive")
		}
	case len(contentLength):
		if equalFold(name, contentLength) {
			n, ok := parseLength(value)
			if !ok || f.length >= 0 && f.length != n {
				return fmt.Errorf("%w: Content-Length %s: want one number of bytes", ErrMalformed, quote(value))
			}
			f.length = n
		}
	case len(transferEncoding):
		if equalFold(name, transferEncoding) {
			f.coded = true
			f.chunked = lastCodingIsChunked(value)
		}
	}
	return nil
}

// equalFold compares without regard to ASCII case and without allocating.
func equalFold(name []byte, with string) bool {
	if len(name) != len(with) {
		return false
	}
	for i, c := range name {
		if lower(c) != lower(with[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// hasToken says whether a comma-separated list holds token.
func hasToken(list []byte, token string) bool {
	for len(list) > 0 {
		var item []byte
		item, list, _ = bytes.Cut(list, []byte(","))
		if equalFold(bytes.Trim(item, " \t"), token) {
			return true
		}
	}
	return false
}

func lastCodingIsChunked[T string | []byte](value T) bool {
	text := string(value)
	return strings.EqualFold(strings.Trim(text[strings.LastIndexByte(text, ',')+1:], " \t"), "chunked")
}

// parseLength reads digits only: no sign, no space, no list.
func parseLength(value []byte) (int64, bool) {
	const mostDigits = 18 // so that it cannot overflow
	value = bytes.Trim(value, " \t")
	if len(value) == 0 || len(value) > mostDigits {
		return 0, false
	}
	var n int64
	for _, c := range value {
		if !digit(c) {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// appendChunked appends body as one chunk and the last one.
func appendChunked(dst, body []byte) []byte {
	if len(body) > 0 {
		dst = strconv.AppendInt(dst, int64(len(body)), 16)
		dst = append(dst, "\r\n"...)
		dst = append(dst, body...)
		dst = append(dst, "\r\n"...)
	}
	return append(dst, "0\r\n\r\n"...)
}
