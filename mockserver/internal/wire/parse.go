package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/wire/http1"
)

// ParseRequest parses one raw HTTP/1.x request, head and body, as Append writes it. It decodes a
// chunked body and drops its trailer fields. It is lenient because people edit requests by hand:
// lines may end in a bare LF, everything after the head is the body when there is no
// Content-Length, and line ends after a body of stated length are ignored. Errors wrap ErrMalformed
// or ErrTooLarge and give the line.
func ParseRequest(raw []byte) (Message, error) {
	end := http1.HeadEnd(raw, 0)
	if end == 0 {
		end = len(raw)
	}
	if end > MaxHead {
		return Message{}, refused(http1.ErrLong)
	}
	head := http1.Head{Lines: make(signature.Headers, 0, bytes.Count(raw[:end], []byte("\n")))}
	errLines := head.Parse(string(raw[:end]))
	var m Message
	var err error
	if m.Method, m.Target, m.Version, err = http1.RequestLine(head.Start); err == nil {
		err = errLines
	}
	if err != nil {
		return Message{}, refused(err)
	}
	m.Headers = head.Lines
	m.Body, err = requestBody(&head.Frame, raw[end:])
	if err != nil {
		return Message{}, err
	}
	return m, nil
}

// requestBody returns the body from the bytes after the head.
func requestBody(f *http1.Frame, rest []byte) ([]byte, error) {
	switch {
	case f.Chunked:
		src := bytes.NewReader(rest)
		r, b := http1.Reader{Src: src}, http1.Body{Bytes: []byte{}, Max: math.MaxInt}
		err := r.Chunks(&b)
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%w: the chunked body ends early", ErrMalformed)
		}
		if err != nil {
			return nil, refused(err)
		}
		return b.Bytes, afterBody(rest[len(rest)-src.Len()-len(r.Buffered()):])
	case f.Stated:
		if int64(len(rest)) < f.Length {
			return nil, fmt.Errorf("%w: the body has %d bytes, Content-Length says %d", ErrMalformed, len(rest), f.Length)
		}
		return append(make([]byte, 0, f.Length), rest[:f.Length]...), afterBody(rest[f.Length:])
	default:
		return append(make([]byte, 0, len(rest)), rest...), nil
	}
}

func afterBody(rest []byte) error {
	if len(bytes.Trim(rest, "\r\n")) > 0 {
		return fmt.Errorf("%w: %d bytes follow the end of the body: want none, or a higher Content-Length", ErrMalformed, len(rest))
	}
	return nil
}

// refused turns an error of the grammar into one of this package, and returns any other unchanged.
func refused(err error) error {
	var (
		bad   http1.Malformed
		large http1.TooLarge
	)
	switch {
	case errors.As(err, &bad):
		return fmt.Errorf("%w: %s", ErrMalformed, string(bad))
	case errors.As(err, &large):
		return fmt.Errorf("%w: %s", ErrTooLarge, string(large))
	case errors.Is(err, http1.ErrLong):
		return fmt.Errorf("%w: no empty line within %d bytes", ErrTooLarge, MaxHead)
	}
	return err
}
