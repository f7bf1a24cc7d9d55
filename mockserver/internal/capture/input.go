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
	body   []byte // the last one that was not buffered whole; its space is used again
	framed []byte // the last one that came in chunks, as it came

	share memory.Share // of the room for what is not stored yet
	kept  int          // bytes that each buffer may keep between requests

	limits *limits
	limit  time.Duration // that is set on the socket
	since  time.Time     // when it was set

	begun, lined bool // of the head that is read: its first byte is there, its first line is
}

// mostKept is how much a connection keeps of each buffer between requests, in bytes.
const mostKept = 64 << 10

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

// listen takes the connection that is read.
func (in *input) listen(socket net.Conn) { in.socket, in.Src, in.Room = socket, socket, in.room }

// await waits for the first byte of the next request. The error is why there is none.
func (in *input) await() error {
	if len(in.Buffered()) > 0 {
		return nil
	}
	return in.Fill()
}

// shed lets go of what the last request has taken beyond what a connection keeps. Nothing of the
// request may be used any more, but what follows it.
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

// room waits for room for n more bytes. The time that this takes is not the sender's.
func (in *input) room(n int) error {
	if !in.share.Take(n) {
		return nil
	}
	limit := in.limit
	in.limit = 0
	return in.arm(limit)
}

// arm gives what is read next a time limit. A limit that was set less than a second ago is left as
// it is.
func (in *input) arm(limit time.Duration) error {
	now := time.Now()
	if limit == in.limit && now.Sub(in.since) < time.Second {
		return nil
	}
	in.limit, in.since = limit, now
	return in.socket.SetReadDeadline(now.Add(limit))
}

// head returns the next head with its empty line, as http1.Reader.Head does. A head that nobody can
// use is not waited for.
func (in *input) head(most int) ([]byte, error) {
	in.begun, in.lined = false, false
	return in.Head(most, in.early)
}

// early looks at a head that has not come whole. Its time begins with its first byte.
func (in *input) early(start []byte) (int, error) {
	if !in.lined {
		if end, err := endsEarly(start); err != nil {
			return end, err
		}
		in.lined = bytes.IndexByte(start, '\n') >= 0 // it is looked at once
	}
	if in.begun {
		return 0, nil
	}
	in.begun = true
	return len(start), in.arm(in.limits.head)
}

// sized returns the next n bytes, at most `most` of them. After an error it is what there was. It
// stays until the next read.
func (in *input) sized(n int64, most int) ([]byte, error) {
	if n <= int64(most) {
		if body := in.Next(n); body != nil {
			return body, nil
		}
	}
	if err := in.arm(in.limits.body); err != nil {
		return nil, err
	}
	b := http1.Body{Bytes: in.body[:0], Most: most}
	err := in.Sized(&b, n)
	in.body = b.Bytes
	return b.Bytes, err
}

// chunked returns the next body in chunks, decoded, and the lines of its trailer. After an error it
// is what there was. It stays until the next read, as do its bytes as they came, in framed.
func (in *input) chunked(most, mostTrailer int) (body []byte, trailer []string, err error) {
	b := http1.Body{Bytes: in.body[:0], Most: most, Frames: true, Framed: in.framed[:0], MostFraming: most, MostTrailer: mostTrailer}
	if err = in.arm(in.limits.body); err == nil {
		err = in.Chunks(&b)
	}
	if err != nil { // what arrived is recorded, whatever it is
		b.Framed = append(b.Framed, in.Buffered()...)
	}
	in.body, in.framed = b.Bytes, b.Framed
	return b.Bytes, b.Trailer, err
}
