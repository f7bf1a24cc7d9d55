package http1

import (
	"errors"
	"fmt"
	"io"
)

// Body is a body as it is read. After an error it has what was read.
type Body struct {
	Bytes []byte // read bytes are appended
	Max   int    // bound of Bytes: ErrLong when there are more; Skip reads all and keeps nothing

	// Frames stores the raw bytes of a chunked body in Framed, and the lines of its trailer in
	// Trailer.
	Frames  bool
	Framed  []byte
	Trailer []string
	// MaxFraming bounds the framing of the chunks, in bytes; 0 is no bound. MaxTrailer bounds the
	// trailer; 0 is MaxHead.
	MaxFraming, MaxTrailer int

	framing int // bytes so far
}

// Skip as Body.Max reads a body to its end and keeps nothing.
const Skip = -1

// frame counts bytes that frame chunks, and stores them when b.Frames is set.
func (b *Body) frame(raw []byte) {
	b.framing += len(raw)
	if b.Frames {
		b.Framed = append(b.Framed, raw...)
	}
}

// Sized reads n bytes of a body.
func (r *Reader) Sized(b *Body, n int64) error {
	if b.Max == Skip {
		return r.skip(n)
	}
	over := n > int64(b.Max-len(b.Bytes))
	if over {
		n = int64(b.Max - len(b.Bytes))
	}
	end := len(b.Bytes) + int(n)
	buffered := min(r.w-r.r, int(n))
	b.Bytes = append(b.Bytes, r.buf[r.r:r.r+buffered]...)
	r.r += buffered
	for len(b.Bytes) < end {
		if len(b.Bytes) == cap(b.Bytes) { // grow as bytes arrive: the announced length may be false
			size := min(end, max(FirstSpace, 2*len(b.Bytes)))
			if err := r.room(size - cap(b.Bytes)); err != nil {
				return err
			}
			grown := make([]byte, len(b.Bytes), size)
			copy(grown, b.Bytes)
			b.Bytes = grown
		}
		read, err := r.Src.Read(b.Bytes[len(b.Bytes):min(end, cap(b.Bytes))])
		b.Bytes = b.Bytes[:len(b.Bytes)+read]
		if err != nil && len(b.Bytes) < end {
			return err
		}
	}
	if over {
		return ErrLong
	}
	return nil
}

// skip reads n bytes and keeps none.
func (r *Reader) skip(n int64) error {
	for {
		part := min(int64(r.w-r.r), n)
		r.r += int(part)
		if n -= part; n == 0 {
			return nil
		}
		if err := r.Fill(); err != nil {
			return err
		}
	}
}

// Rest reads a body that ends where the connection ends.
func (r *Reader) Rest(b *Body) error {
	for {
		part := r.buf[r.r:r.w]
		r.r = r.w
		switch {
		case b.Max == Skip:
		case len(part) > b.Max-len(b.Bytes):
			b.Bytes = append(b.Bytes, part[:b.Max-len(b.Bytes)]...)
			return ErrLong
		default:
			b.Bytes = append(b.Bytes, part...)
		}
		if err := r.Fill(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// Chunks reads a chunked body, decoded, to the end of its trailer: RFC 9112 §7.1.
func (r *Reader) Chunks(b *Body) error {
	for {
		if b.MaxFraming > 0 && b.framing > b.MaxFraming { // chunk extensions have no other bound
			return TooLarge(fmt.Sprintf("the framing of the chunks has more than %d bytes", b.MaxFraming))
		}
		line, err := r.line(b)
		if err != nil {
			return err
		}
		size, err := chunkSize(view(line))
		if err != nil {
			return err
		}
		if size == 0 {
			return r.trailer(b)
		}
		before := len(b.Bytes)
		err = r.Sized(b, size)
		if b.Frames {
			if err := r.room(len(b.Bytes) - before); err != nil {
				return err
			}
			b.Framed = append(b.Framed, b.Bytes[before:]...)
		}
		if err != nil {
			return err
		}
		if line, err = r.line(b); err != nil {
			return err
		}
		if len(line) > 0 {
			return Malformed(fmt.Sprintf("%d bytes after a chunk of %d: want the end of the line", len(line), size))
		}
	}
}

// trailer reads the lines after the last chunk.
func (r *Reader) trailer(b *Body) error {
	limit := b.MaxTrailer
	if limit == 0 {
		limit = MaxHead
	}
	for size := 0; size <= limit; {
		line, err := r.line(b)
		if err != nil || len(line) == 0 {
			return err
		}
		size += len(line)
		if b.Frames {
			b.Trailer = append(b.Trailer, string(line))
		}
	}
	return TooLarge(fmt.Sprintf("the trailer has more than %d bytes", limit))
}
