package export

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// Record is one capture of a file, or the error of reading it.
type Record struct {
	Line    int // where it begins in the file, from 1
	Number  int // of the record in the file, from 1
	Capture journal.Capture
	Notes   []string // what is missing or differs in the file, and what was assumed
	Err     error    // wraps ErrInvalid or ErrNotHTTP, or is the reader's and the last
}

// These bound what is read.
const (
	maxBody   = 16 << 20 // bytes of a body, the default limit of a bin
	maxRecord = 64 << 20 // bytes of a record: such a body in base64 or with escapes, and the rest
)

var errTooLong = fmt.Errorf("%w: the record has more than %d MiB", ErrInvalid, maxRecord>>20)

// Read reads the captures of a file one by one. An invalid record does not stop it. Captures have
// their old bin, id and seq; a store sets new ones. A capture without a time in the file has the
// zero time.
func (f Format) Read(r io.Reader) iter.Seq[Record] {
	return func(yield func(Record) bool) {
		if f.read == nil {
			yield(Record{Line: 1, Err: fmt.Errorf("%w: format %s cannot be read: want %s", ErrInvalid, f.Name, strings.Join(Names(Format.Readable), " or "))})
			return
		}
		number := 0
		for record := range f.read(withoutMark(r)) {
			number++
			record.Number = number
			if !yield(record) {
				return
			}
		}
	}
}

// withoutMark returns r without the byte order mark that some programs write first.
func withoutMark(r io.Reader) io.Reader {
	in := bufio.NewReader(r)
	// The next read returns the same error.
	if start, _ := in.Peek(len(byteOrderMark)); string(start) == byteOrderMark {
		_, _ = in.Discard(len(byteOrderMark))
	}
	return in
}

const byteOrderMark = "\ufeff"

// check returns an error for an impossible capture. A capture with problems may have empty fields.
func check(c *journal.Capture) error {
	if len(c.Problems) == 0 {
		for _, part := range []struct{ name, value string }{{"method", c.Method}, {"target", c.Target}, {"version", c.Version}} {
			if part.value == "" {
				return fmt.Errorf("%w: the %s is missing: want a capture", ErrInvalid, part.name)
			}
		}
	}
	head := len(c.Method) + len(c.Target) + len(c.Version)
	bad := ""
	for _, text := range []string{c.Method, c.Target, c.Version} {
		if strings.Contains(text, "\n") {
			bad = text
		}
	}
	for _, h := range c.Headers {
		head += len(h.Name) + len(h.Value) + len(": \r\n")
		if strings.Contains(h.Name, "\n") || strings.Contains(h.Value, "\n") {
			bad = h.Name + ": " + h.Value
		}
	}
	switch {
	case bad != "":
		return fmt.Errorf("%w: %.80q contains a line end, which is not possible in a request", ErrInvalid, bad)
	case head > 2*wire.MaxHead: // twice, for a recorded head that was too large
		return fmt.Errorf("%w: its head has %d bytes, the limit is %d", ErrInvalid, head, 2*wire.MaxHead)
	case len(c.Body) > maxBody:
		return fmt.Errorf("%w: its body has %d bytes, the limit is %d", ErrInvalid, len(c.Body), maxBody)
	}
	return nil
}
