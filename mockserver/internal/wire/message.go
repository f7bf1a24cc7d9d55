package wire

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/wire/http1"
)

// Message is a request, sent or received; see signature.Message.
type Message = signature.Message

// MaxHead bounds a request's or a response's head, in bytes.
const MaxHead = http1.MaxHead

// Append appends the request's exact bytes, head and body, to dst. It writes the body unchanged,
// except with "Transfer-Encoding: chunked", where it writes the body as one chunk: a Message holds
// bodies decoded. It does not escape or check anything, so you can write a malformed request on
// purpose.
func Append(dst []byte, m Message) []byte {
	dst, _ = appendRequest(dst, m, nil)
	return dst
}

// appendRequest is Append with the sizes of chunks: see Manner.Chunks. It returns the end of the
// head too.
func appendRequest(dst []byte, m Message, sizes []int) (raw []byte, head int) {
	dst = slices.Grow(dst, requestSize(&m))
	dst = append(dst, m.Method...)
	dst = append(dst, ' ')
	dst = append(dst, m.Target...)
	dst = append(dst, ' ')
	dst = append(dst, m.Version...)
	dst = append(dst, "\r\n"...)
	chunked := false
	for i := range m.Headers {
		line := &m.Headers[i]
		dst = append(dst, line.Name...)
		dst = append(dst, ": "...)
		dst = append(dst, line.Value...)
		dst = append(dst, "\r\n"...)
		if len(line.Name) == len(transferEncoding) && strings.EqualFold(line.Name, transferEncoding) {
			chunked = http1.EndsChunked(line.Value)
		}
	}
	dst = append(dst, "\r\n"...)
	head = len(dst)
	if chunked {
		return appendChunked(dst, m.Body, sizes), head
	}
	return append(dst, m.Body...), head
}

// closes reports whether the consumer closes the connection after a request: it is not of
// HTTP/1.1, or says so in a Connection line. Some consumers, such as Python's http.server, do not
// say in their response that they close.
func closes(raw []byte) bool {
	const name = "connection"
	crlf := []byte("\r\n")
	line, rest, _ := bytes.Cut(raw, crlf)
	if !bytes.HasSuffix(line, []byte(" HTTP/1.1")) {
		return true
	}
	for len(rest) > 0 {
		if line, rest, _ = bytes.Cut(rest, crlf); len(line) == 0 {
			return false
		}
		if len(line) > len(name) && line[0]|0x20 == name[0] && line[len(name)] == ':' && strings.EqualFold(string(line[:len(name)]), name) {
			return http1.Lists(string(line[len(name)+1:]), "close")
		}
	}
	return false
}

// requestSize returns an upper bound of the length of m's bytes.
func requestSize(m *Message) int {
	const chunkFraming = 32
	n := len(m.Method) + len(m.Target) + len(m.Version) + len("  \r\n\r\n") + len(m.Body) + chunkFraming
	for i := range m.Headers {
		n += len(m.Headers[i].Name) + len(m.Headers[i].Value) + len(": \r\n")
	}
	return n
}

// appendChunked appends body as chunks of those sizes and the last chunk. Without sizes the body is
// one chunk.
func appendChunked(dst, body []byte, sizes []int) []byte {
	for i := 0; len(body) > 0; i++ {
		size := len(body)
		if len(sizes) > 0 {
			size = min(size, max(1, sizes[min(i, len(sizes)-1)]))
		}
		dst = strconv.AppendInt(dst, int64(size), 16)
		dst = append(dst, "\r\n"...)
		dst = append(dst, body[:size]...)
		dst = append(dst, "\r\n"...)
		body = body[size:]
	}
	return append(dst, "0\r\n\r\n"...)
}
