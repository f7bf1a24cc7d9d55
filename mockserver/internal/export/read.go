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

// Record is one capture of a file, or why it cannot be read.
type Record struct {
	Line    int // of the file where it begins, from 1
	Number  int // among the records of the file, from 1
	Capture journal.Capture
	Notes   []string // what the file leaves open or has otherwise than it was sent, and what was taken for it
	Err     error    // wraps ErrInvalid or ErrNotHTTP, or is the reader's: nothing follows then
}

// Bounds of what is read.
const (
	maxBody   = 16 << 20 // bytes of a body: as much as a bin takes
	maxRecord = 64 << 20 // bytes of a record in the file: such a body, every byte of it escaped or in base64, and the rest
)

var errTooLong = fmt.Errorf("%w: the record has more than %d MiB", ErrInvalid, maxRecord>>20)

// Read reads the captures of a file, one after the other; a record that is wrong does not keep those behind it from being
// read. Captures have the bin, id and seq that they had, which a store gives anew, and one whose time the file does not say has none.
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

// withoutMark is r without the byte order mark that some programs begin a file with.
func withoutMark(r io.Reader) io.Reader {
	in := bufio.NewReader(r)
	if start, _ := in.Peek(len(mark)); string(start) == mark { // an error comes again
		_, _ = in.Discard(len(mark))
	}
	return in
}

const mark = "\ufeff"

// check says whether a capture could have been received. One with problems may be anything that fits into lines.
func check(c *journal.Capture) error {
	if len(c.Problems) == 0 {
		for _, part := range []struct{ name, value string }{{"method", c.Method}, {"target", c.Target}, {"version", c.Version}} {
			if part.value == "" {
				return fmt.Errorf("%w: it has no %s: want a capture", ErrInvalid, part.name)
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
		return fmt.Errorf("%w: %.80q holds a line end: no request has it there", ErrInvalid, bad)
	case head > 2*wire.MaxHead: // what was recorded of a head that was too large may count for more than it had
		return fmt.Errorf("%w: its head has %d bytes: at most %d", ErrInvalid, head, 2*wire.MaxHead)
	case len(c.Body) > maxBody:
		return fmt.Errorf("%w: its body has %d bytes: at most %d", ErrInvalid, len(c.Body), maxBody)
	}
	return nil
}
