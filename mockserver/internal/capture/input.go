package capture

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/memory"
)

// input reads a connection into a buffer that grows as far as a head may be long.
type input struct {
	socket net.Conn
	buf    []byte
	r, w   int    // buf[r:w] is read and not yet taken
	body   []byte // the last one that did not fit into buf; its space is used again
	framed []byte // the last one that came in chunks, as it came

	share memory.Share // of the room for what is not stored yet
	kept  int          // bytes that each buffer may keep between requests

	limits *limits
	limit  time.Duration // that is set on the socket
	since  time.Time     // when it was set
}

const (
	firstSpace = 4 << 10  // of a buffer
	mostKept   = 64 << 10 // that a connection keeps of each buffer between requests
)

// limits of a connection in time.
type limits struct {
	idle   time.Duration // between requests
	head   time.Duration // from a head's first byte to its last
	body   time.Duration // from a body's first byte to its last
	write  time.Duration // for a response to be taken
	linger time.Duration // for a sender that is refused to end what it sends
	quiet  time.Duration // for it to send more of that
}

func usualLimits() limits {
	return limits{idle: 2 * time.Minute, head: 10 * time.Second, body: 5 * time.Minute, write: 30 * time.Second, linger: 30 * time.Second, quiet: time.Second}
}

// What ends the reading of a request early.
var (
	errTooLarge  = errors.New("too large")
	errMalformed = errors.New("malformed")
)

// await waits for the first byte of the next request. The error is why there is none.
func (in *input) await() error {
	if in.r < in.w {
		return nil
	}
	return in.fill()
}

// shed lets go of what the last request has taken beyond what a connection keeps. Nothing of the request may be used any more,
// but what follows it in buf.
func (in *input) shed() {
	if len(in.buf) > in.kept && in.w-in.r <= firstSpace {
		left := make([]byte, firstSpace)
		in.w = copy(left, in.buf[in.r:in.w])
		in.buf, in.r = left, 0
	}
	if cap(in.body) > in.kept {
		in.body = nil
	}
	if cap(in.framed) > in.kept {
		in.framed = nil
	}
	in.share.GiveBack()
}

// room waits for room for n more bytes. The time that this takes is not the sender's.
func (in *input) room(n int) error {
	if !in.share.Take(n) {
		return nil
	}
	limit := in.limit
	in.limit = 0
	return in.arm(limit)
}

// arm gives what is read next a time limit. A limit that was set less than a second ago is left as it is.
func (in *input) arm(limit time.Duration) error {
	now := time.Now()
	if limit == in.limit && now.Sub(in.since) < time.Second {
		return nil
	}
	in.limit, in.since = limit, now
	return in.socket.SetReadDeadline(now.Add(limit))
}

// fill reads more, making room when there is none.
func (in *input) fill() error {
	if in.r == in.w {
		in.r, in.w = 0, 0
	}
	if in.w == len(in.buf) && in.r > 0 {
		in.w = copy(in.buf, in.buf[in.r:in.w])
		in.r = 0
	}
	if in.w == len(in.buf) {
		if len(in.buf) >= firstSpace {
			if err := in.room(len(in.buf)); err != nil {
				return err
			}
		}
		grown := make([]byte, max(firstSpace, 2*len(in.buf)))
		copy(grown, in.buf[:in.w])
		in.buf = grown
	}
	n, err := in.socket.Read(in.buf[in.w:])
	in.w += n
	if n > 0 {
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}

// discard reads and drops.
func (in *input) discard() error {
	in.r, in.w = 0, 0
	return in.fill()
}

// head returns the next head with its empty line, skipping empty lines before it. It is nil at the end of the
// connection when there is no byte of it; after an error it is what there was. It stays until the next read. A head that nobody
// can use is not waited for: errMalformed.
func (in *input) head(most int) ([]byte, error) {
	seen, armed, lined := 0, false, false
	for {
		for in.r < in.w && seen == 0 && (in.buf[in.r] == '\n' || in.buf[in.r] == '\r') {
			in.r++
		}
		unread := in.buf[in.r:in.w]
		if end := headEnd(unread, seen); end > 0 && end <= most {
			in.r += end
			return unread[:end], nil
		}
		if !lined {
			if end := endsEarly(unread); end > 0 {
				in.r += end
				return unread[:end], errMalformed
			}
			lined = bytes.IndexByte(unread, '\n') >= 0 // it is looked at once
		}
		if seen = len(unread); seen >= most {
			in.r += most
			return unread[:most], errTooLarge
		}
		if seen > 0 && !armed {
			if err := in.arm(in.limits.head); err != nil {
				return unread, err
			}
			armed = true
		}
		if err := in.fill(); err != nil {
			return in.buf[in.r:in.w], err
		}
	}
}

// headEnd returns the length of the head that raw begins with, or 0 when it has not ended. The first seen bytes of
// raw were looked at before.
func headEnd(raw []byte, seen int) int {
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

// sized returns the next n bytes, at most `most` of them. After an error it is what there was. It stays until the next read.
func (in *input) sized(n int64, most int) ([]byte, error) {
	if n <= int64(in.w-in.r) && n <= int64(most) {
		in.r += int(n)
		return in.buf[in.r-int(n) : in.r], nil
	}
	err := in.arm(in.limits.body)
	if err != nil {
		return nil, err
	}
	in.body, err = in.take(in.body[:0], n, most)
	return in.body, err
}

// take appends the next n bytes to body, as far as there is room for them within most.
func (in *input) take(body []byte, n int64, most int) ([]byte, error) {
	over := n > int64(most-len(body))
	if over {
		n = int64(most - len(body))
	}
	end := len(body) + int(n)
	buffered := min(in.w-in.r, int(n))
	body = append(body, in.buf[in.r:in.r+buffered]...)
	in.r += buffered
	for len(body) < end {
		if len(body) == cap(body) { // as it comes, whatever length was announced
			size := min(end, max(firstSpace, 2*len(body)))
			if err := in.room(size - cap(body)); err != nil {
				return body, err
			}
			grown := make([]byte, len(body), size)
			copy(grown, body)
			body = grown
		}
		read, err := in.socket.Read(body[len(body):min(end, cap(body))])
		body = body[:len(body)+read]
		if err != nil && len(body) < end {
			return body, err
		}
	}
	if over {
		return body, errTooLarge
	}
	return body, nil
}

// chunked returns the next body in chunks, decoded, and the lines of its trailer: RFC 9112 §7.1. After an error it is
// what there was. It stays until the next read, as do its bytes as they came, in framed.
func (in *input) chunked(most, mostTrailer int) (body []byte, trailer []string, err error) {
	in.body, in.framed = in.body[:0], in.framed[:0]
	defer func() {
		if err != nil { // what arrived is recorded, whatever it is
			in.framed = append(in.framed, in.buf[in.r:in.w]...)
		}
	}()
	if err := in.arm(in.limits.body); err != nil {
		return nil, nil, err
	}
	for {
		if len(in.framed)-len(in.body) > most { // chunk extensions have no other bound
			return in.body, nil, fmt.Errorf("%w: what frames the chunks has more than %d bytes", errTooLarge, most)
		}
		line, err := in.line()
		if err != nil {
			return in.body, nil, err
		}
		size, err := chunkSize(line)
		if err != nil {
			return in.body, nil, err
		}
		if size == 0 {
			trailer, err := in.trailer(mostTrailer)
			return in.body, trailer, err
		}
		before := len(in.body)
		in.body, err = in.take(in.body, size, most)
		if err := in.room(len(in.body) - before); err != nil {
			return in.body, nil, err
		}
		in.framed = append(in.framed, in.body[before:]...)
		if err != nil {
			return in.body, nil, err
		}
		if line, err = in.line(); err != nil {
			return in.body, nil, err
		}
		if line != "" {
			return in.body, nil, fmt.Errorf("%w: %d bytes behind a chunk of %d: want the end of the line", errMalformed, len(line), size)
		}
	}
}

// line returns the next line of a body in chunks, without its end.
func (in *input) line() (string, error) {
	const longest = 4 << 10 // chunk extensions and trailer lines have no business being longer
	for {
		unread := in.buf[in.r:in.w]
		if i := bytes.IndexByte(unread, '\n'); i >= 0 {
			in.r += i + 1
			in.framed = append(in.framed, unread[:i+1]...)
			return string(bytes.TrimSuffix(unread[:i], []byte("\r"))), nil
		}
		if len(unread) > longest {
			return "", fmt.Errorf("%w: a line of more than %d bytes in the chunked body", errMalformed, longest)
		}
		if err := in.fill(); err != nil {
			return "", err
		}
	}
}

func (in *input) trailer(most int) (lines []string, err error) {
	for size := 0; size <= most; {
		line, err := in.line()
		if err != nil || line == "" {
			return lines, err
		}
		size += len(line)
		lines = append(lines, line)
	}
	return lines, fmt.Errorf("%w: the trailer has more than %d bytes", errTooLarge, most)
}

// chunkSize reads the hexadecimal number that a chunk begins with.
func chunkSize(line string) (int64, error) {
	const mostDigits = 15 // so that it cannot overflow
	digits, _, _ := strings.Cut(line, ";")
	digits = strings.TrimRight(digits, " \t")
	var size int64
	for i := range len(digits) {
		switch b := digits[i]; {
		case '0' <= b && b <= '9':
			size = size<<4 | int64(b-'0')
		case 'a' <= b|0x20 && b|0x20 <= 'f':
			size = size<<4 | int64(b|0x20-'a'+10)
		default:
			digits = ""
		}
		if digits == "" {
			break
		}
	}
	if digits == "" || len(digits) > mostDigits {
		return 0, fmt.Errorf("%w: chunk size %s: want a hexadecimal number", errMalformed, quoteLine(line))
	}
	return size, nil
}
