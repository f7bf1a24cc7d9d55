package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// reader reads messages from a connection into one buffer that it keeps.
type reader struct {
	src  io.Reader
	buf  []byte
	r, w int // buf[r:w] is read and not yet taken
}

const readBuffer = 4 << 10

// fill reads more, growing the buffer when it is full. At the end of src it returns io.EOF.
func (r *reader) fill() error {
	if r.r > 0 {
		r.w = copy(r.buf, r.buf[r.r:r.w])
		r.r = 0
	}
	if r.w == len(r.buf) {
		grown := make([]byte, max(readBuffer, 2*len(r.buf)))
		copy(grown, r.buf[:r.w])
		r.buf = grown
	}
	n, err := r.src.Read(r.buf[r.w:])
	r.w += n
	if n > 0 {
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}

// checkStart says what is wrong with the beginning of a response that cannot become one, so that nobody waits for its end.
func checkStart(got []byte) error {
	const start = "HTTP/"
	if n := min(len(got), len(start)); string(got[:n]) == start[:n] || string(got) == "\r" {
		return nil
	}
	hint := ""
	switch {
	case got[0] == 0x15 || got[0] == 0x16:
		hint = ": it looks like TLS: is this an https:// address?"
	case len(got) >= 4 && got[0] == 0 && got[1] == 0 && got[3] == 4:
		hint = ": it looks like HTTP/2, which is not spoken here"
	case bytes.HasPrefix(got, []byte("SSH-")):
		hint = ": it looks like SSH: is the port right?"
	}
	return fmt.Errorf("%w: response %s is not HTTP%s", ErrMalformed, quote(got), hint)
}

// head returns the next head of a response, its empty line included; it stays until the next read. Empty lines before it are
// skipped. At the end of src it returns io.EOF when there was not one byte, else io.ErrUnexpectedEOF.
func (r *reader) head() ([]byte, error) {
	seen := 0
	for {
		for r.r < r.w && (r.buf[r.r] == '\n' || r.buf[r.r] == '\r' && r.w > r.r+1 && r.buf[r.r+1] == '\n') {
			r.r++
			seen = 0
		}
		if end := headEnd(r.buf[r.r:r.w], seen); end > 0 && end <= MaxHead {
			head := r.buf[r.r : r.r+end]
			r.r += end
			return head, nil
		}
		if err := checkStart(r.buf[r.r:r.w]); err != nil {
			return nil, err
		}
		if seen = r.w - r.r; seen >= MaxHead {
			return nil, fmt.Errorf("%w: no empty line within %d bytes", ErrTooLarge, MaxHead)
		}
		if err := r.fill(); err != nil {
			if errors.Is(err, io.EOF) && seen > 0 {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
}

// line returns the next line without its end.
func (r *reader) line() ([]byte, error) {
	const longest = 4 << 10 // chunk extensions and trailer fields have no business being longer
	for {
		if i := bytes.IndexByte(r.buf[r.r:r.w], '\n'); i >= 0 {
			line := r.buf[r.r : r.r+i]
			r.r += i + 1
			return bytes.TrimSuffix(line, []byte("\r")), nil
		}
		if r.w-r.r > longest {
			return nil, fmt.Errorf("%w: a line of the chunked body is longer than %d bytes", ErrMalformed, longest)
		}
		if err := r.fill(); err != nil {
			return nil, unexpected(err)
		}
	}
}

// skip, as the bound of a body, reads it all and keeps nothing.
const skip = -1

// keep appends part of a body to kept, which may grow to most bytes; errBodyCut when that is not enough.
func keep(kept, part []byte, most int) ([]byte, error) {
	if most == skip {
		return kept, nil
	}
	if room := most - len(kept); len(part) > room {
		return append(kept, part[:room]...), errBodyCut
	}
	return append(kept, part...), nil
}

// take reads n bytes of a body.
func (r *reader) take(kept []byte, n int64, most int) ([]byte, error) {
	for n > 0 {
		if r.r == r.w {
			if err := r.fill(); err != nil {
				return kept, unexpected(err)
			}
		}
		part := r.buf[r.r:min(int64(r.w), int64(r.r)+n)]
		r.r += len(part)
		n -= int64(len(part))
		var err error
		if kept, err = keep(kept, part, most); err != nil {
			return kept, err
		}
	}
	return kept, nil
}

// rest reads a body that ends where the connection does.
func (r *reader) rest(kept []byte, most int) ([]byte, error) {
	for {
		var err error
		if kept, err = keep(kept, r.buf[r.r:r.w], most); err != nil {
			return kept, err
		}
		r.r = r.w
		if err = r.fill(); errors.Is(err, io.EOF) {
			return kept, nil
		} else if err != nil {
			return kept, err
		}
	}
}

// chunks reads a chunked body to the end of its trailer, which is dropped: RFC 9112 §7.1.
func (r *reader) chunks(kept []byte, most int) ([]byte, error) {
	for {
		line, err := r.line()
		if err != nil {
			return kept, err
		}
		size, err := chunkSize(line)
		if err != nil {
			return kept, err
		}
		if size == 0 {
			return kept, r.trailer()
		}
		if kept, err = r.take(kept, size, most); err != nil {
			return kept, err
		}
		if line, err = r.line(); err != nil {
			return kept, err
		}
		if len(line) > 0 {
			return kept, fmt.Errorf("%w: %d bytes behind a chunk of %d: want the end of the line", ErrMalformed, len(line), size)
		}
	}
}

func chunkSize(line []byte) (int64, error) {
	const mostDigits = 15 // so that it cannot overflow
	digits, _, _ := bytes.Cut(line, []byte(";"))
	digits = bytes.TrimRight(digits, " \t")
	var size int64
	for _, c := range digits {
		switch c = lower(c); {
		case digit(c):
			size = size<<4 | int64(c-'0')
		case 'a' <= c && c <= 'f':
			size = size<<4 | int64(c-'a'+10)
		default:
			return 0, fmt.Errorf("%w: chunk size %s: want a hexadecimal number", ErrMalformed, quote(line))
		}
	}
	if len(digits) == 0 || len(digits) > mostDigits {
		return 0, fmt.Errorf("%w: chunk size %s: want a hexadecimal number", ErrMalformed, quote(line))
	}
	return size, nil
}

func (r *reader) trailer() error {
	for size := 0; size <= MaxHead; {
		line, err := r.line()
		if err != nil {
			return err
		}
		if len(line) == 0 {
			return nil
		}
		size += len(line)
	}
	return fmt.Errorf("%w: trailer of more than %d bytes", ErrTooLarge, MaxHead)
}

// unexpected is err, but the end of the input comes unexpected.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
