package capture

import (
	"bytes"
	"net"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/memory"
	"github.com/hookrig/hookrig/mockserver/internal/wire/http1"
)

// input reads a connection within limits of time and memory.
type input struct {
	http1.Reader
	socket net.Conn
	body   []byte // the last body that was not buffered whole; the buffer is reused
	framed []byte // the last chunked body, as received; the buffer is reused

	share memory.Share // of the memory for requests that are not stored yet
	kept  int          // bytes of each buffer that are kept between requests

	limits *limits
	limit  time.Duration // the limit set on the socket
	since  time.Time     // when it was set

	begun, lined bool // whether the current head's first byte, and its first line, have arrived
}

// maxKept is how many bytes of each buffer a connection keeps between requests.
const maxKept = 64 << 10

// limits are the time limits of a connection.
type limits struct {
	idle   time.Duration // between requests
	head   time.Duration // from a head's first byte to its last
	body   time.Duration // from a body's first byte to its last
	write  time.Duration // for the sender to take a response
	linger time.Duration // for a refused sender to finish sending
	quiet  time.Duration // for it to send the next bytes meanwhile
}

func defaultLimits() limits {
	return limits{idle: 2 * time.Minute, head: 10 * time.Second, body: 5 * time.Minute, write: 30 * time.Second, linger: 30 * time.Second, quiet: time.Second}
}

// listen sets the connection to read from.
func (in *input) listen(socket net.Conn) { in.socket, in.Src, in.Room = socket, socket, in.room }

// await waits for the first byte of the next request. The error says why there is none.
func (in *input) await() error {
	if len(in.Buffered()) > 0 {
		return nil
	}
	return in.Fill()
}

// shed frees the memory of the last request beyond what a connection keeps. The request's bytes
// must not be used after it; buffered bytes of the next request stay.
func (in *input) shed() {
	in.Shrink(in.kept)
	if cap(in.body) > in.kept {
		in.body = nil
	}
	if cap(in.framed) > in.kept {
		in.framed = nil
	}
	in.share.GiveBack()
}

// room waits for room for n more bytes. The wait does not count against the sender's time limit.
func (in *input) room(n int) error {
	if !in.share.Take(n) {
		return nil
	}
	limit := in.limit
	in.limit = 0
	return in.arm(limit)
}

// arm sets the time limit of the next read. It skips a limit that was set less than a second ago.
func (in *input) arm(limit time.Duration) error {
	now := time.Now()
	if limit == in.limit && now.Sub(in.since) < time.Second {
		return nil
	}
	in.limit, in.since = limit, now
	return in.socket.SetReadDeadline(now.Add(limit))
}

// head returns the next head with its empty line, as http1.Reader.Head does. It stops early when a
// head cannot be HTTP/1.x.
func (in *input) head(limit int) ([]byte, error) {
	in.begun, in.lined = false, false
	return in.Head(limit, in.early)
}

// early checks a head that is still incomplete. The head's time limit starts at its first byte.
func (in *input) early(start []byte) (int, error) {
	if !in.lined {
		if end, err := endsEarly(start); err != nil {
			return end, err
		}
		in.lined = bytes.IndexByte(start, '\n') >= 0 // the first line is checked once
	}
	if in.begun {
		return 0, nil
	}
	in.begun = true
	return len(start), in.arm(in.limits.head)
}

// sized returns the next n bytes, at most limit of them. After an error it returns what was read.
// The bytes are valid until the next read.
func (in *input) sized(n int64, limit int) ([]byte, error) {
	if n <= int64(limit) {
		if body := in.Next(n); body != nil {
			return body, nil
		}
	}
	if err := in.arm(in.limits.body); err != nil {
		return nil, err
	}
	b := http1.Body{Bytes: in.body[:0], Max: limit}
	err := in.Sized(&b, n)
	in.body = b.Bytes
	return b.Bytes, err
}

// chunked returns the next chunked body, decoded, and the lines of its trailer. After an error it
// returns what was read. The body and its raw bytes in framed are valid until the next read.
func (in *input) chunked(limit, maxTrailer int) (body []byte, trailer []string, err error) {
	b := http1.Body{Bytes: in.body[:0], Max: limit, Frames: true, Framed: in.framed[:0], MaxFraming: limit, MaxTrailer: maxTrailer}
	if err = in.arm(in.limits.body); err == nil {
		err = in.Chunks(&b)
	}
	if err != nil { // record what arrived, whatever it is
		b.Framed = append(b.Framed, in.Buffered()...)
	}
	in.body, in.framed = b.Bytes, b.Framed
	return b.Bytes, b.Trailer, err
}
