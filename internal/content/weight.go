package content

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/hookrig/hookrig/fixtures/signature"
)

// Ample is enough memory, in bytes, for reading one message where few are read at the same time.
const Ample = 512 << 20

// errTooBig is the error of a value that needs too much memory.
var errTooBig = errors.New("it needs too much memory")

// These are the bytes of memory for each sign of a JSON text: measured and rounded up.
const (
	perObject = 320 // a map allocates its first entries at once
	perEmpty  = 64
	perList   = 64
	perItem   = 64
	perEntry  = 96
)

// weight estimates the memory, in bytes, of the JSON value of a text.
func weight(text []byte) int64 {
	sum := int64(len(text))
	inside := false // in a string
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inside && c == '\\':
			i++
		case c == '"':
			inside = !inside
		case inside:
		case c == '{':
			sum += perObject
			if i+1 < len(text) && text[i+1] == '}' {
				sum += perEmpty - perObject
			}
		case c == '[':
			sum += perList
		case c == ',':
			sum += perItem
		case c == ':':
			sum += perEntry
		}
	}
	return sum
}

// Within limits the memory, in bytes, of all values that JSON, Form and Parts create from now on.
func (b *Body) Within(bytes int64) { b.left = bytes }

// take subtracts n bytes from the memory that is left. It returns false if there is less.
func (b *Body) take(n int64) bool {
	if n > b.left {
		return false
	}
	b.left -= n
	return true
}

// tooBig returns the error of a value of n bytes.
func (b *Body) tooBig(n int64) error {
	return fmt.Errorf("%w: about %d MiB, but only %d MiB are available", errTooBig, n>>20, b.left>>20)
}

// weightOfForm estimates the memory, in bytes, of the fields of a form.
func weightOfForm(text []byte) int64 {
	return 2*int64(len(text)) + int64(1+bytes.Count(text, []byte("&")))*2*perEntry
}

// Cost estimates the largest memory, in bytes, for reading a message, without reading it. A decoded
// body may have up to MaxDecoded bytes.
func Cost(m *signature.Message) int64 {
	size := int64(len(m.Body))
	for i := range m.Headers {
		if len(m.Body) > 0 && strings.EqualFold(m.Headers[i].Name, "Content-Encoding") && !strings.EqualFold(m.Headers[i].Value, "identity") {
			return 4 * MaxDecoded
		}
	}
	return 8 * size
}
