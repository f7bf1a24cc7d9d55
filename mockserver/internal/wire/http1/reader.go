package http1

import (
	"bytes"
	"io"
)

// Reader reads messages from a connection into one buffer that it reuses. Only Src must be set. It
// must not be copied after its first use.
type Reader struct {
	Src io.Reader
	// Room is called before the buffer grows by n bytes beyond its first 4 KiB; nil has no bound.
	Room func(n int) error

	buf  []byte
	r, w int // buf[r:w] was read and is not consumed yet
}

// FirstSpace is the initial size of the buffer, in bytes.
const FirstSpace = 4 << 10

// Buffered returns the bytes that were read and not consumed. They are valid until the next read.
func (r *Reader) Buffered() []byte { return r.buf[r.r:r.w] }

// Started reports whether anything was read since the reader last waited with an empty buffer.
func (r *Reader) Started() bool { return r.w > 0 }

// Fill waits for more bytes, growing the buffer when it is full. At the end of Src it returns
// io.EOF.
func (r *Reader) Fill() error {
	if r.r == r.w {
		r.r, r.w = 0, 0
	}
	if r.w == len(r.buf) && r.r > 0 {
		r.w = copy(r.buf, r.buf[r.r:r.w])
		r.r = 0
	}
	if r.w == len(r.buf) {
		if len(r.buf) >= FirstSpace {
			if err := r.room(len(r.buf)); err != nil {
				return err
			}
		}
		grown := make([]byte, max(FirstSpace, 2*len(r.buf)))
		copy(grown, r.buf[:r.w])
		r.buf = grown
	}
	n, err := r.Src.Read(r.buf[r.w:])
	r.w += n
	if n > 0 {
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}

func (r *Reader) room(n int) error {
	if r.Room == nil {
		return nil
	}
	return r.Room(n)
}

// Discard drops the buffered bytes and reads more.
func (r *Reader) Discard() error {
	r.r, r.w = 0, 0
	return r.Fill()
}

// Shrink replaces a buffer of more than kept bytes by a small one, unless it still has more than
// FirstSpace bytes.
func (r *Reader) Shrink(kept int) {
	if len(r.buf) > kept && r.w-r.r <= FirstSpace {
		left := make([]byte, FirstSpace)
		r.w = copy(left, r.buf[r.r:r.w])
		r.buf, r.r = left, 0
	}
}

// Head returns the next head with its empty line, skipping empty lines before it; it is valid until
// the next read. After an error it returns what was read. The error is ErrLong when the head has
// more than limit bytes. early checks an incomplete head each time that more of it arrives: when it
// returns an error, the head ends after end bytes.
func (r *Reader) Head(limit int, early func(start []byte) (end int, err error)) ([]byte, error) {
	seen := 0
	for {
		for r.r < r.w && seen == 0 && (r.buf[r.r] == '\n' || r.buf[r.r] == '\r') {
			r.r++
		}
		unread := r.buf[r.r:r.w]
		if end := HeadEnd(unread, seen); end > 0 && end <= limit {
			r.r += end
			return unread[:end], nil
		}
		if len(unread) > 0 {
			if end, err := early(unread); err != nil {
				r.r += end
				return unread[:end], err
			}
		}
		if seen = len(unread); seen >= limit {
			r.r += limit
			return unread[:limit], ErrLong
		}
		if err := r.Fill(); err != nil {
			return r.buf[r.r:r.w], err
		}
	}
}

// Next returns the next n bytes if they are buffered, else nil. They are valid until the next read.
func (r *Reader) Next(n int64) []byte {
	if n > int64(r.w-r.r) {
		return nil
	}
	r.r += int(n)
	return r.buf[r.r-int(n) : r.r]
}

// line returns the next line without its end. It is valid until the next read.
func (r *Reader) line(b *Body) ([]byte, error) {
	const longest = 4 << 10 // chunk extensions and trailer lines are never longer in practice
	for {
		unread := r.buf[r.r:r.w]
		if i := bytes.IndexByte(unread, '\n'); i >= 0 {
			r.r += i + 1
			b.frame(unread[:i+1])
			return bytes.TrimSuffix(unread[:i], []byte("\r")), nil
		}
		if len(unread) > longest {
			return nil, Malformed("a line of more than 4096 bytes in the chunked body")
		}
		if err := r.Fill(); err != nil {
			return nil, err
		}
	}
}
