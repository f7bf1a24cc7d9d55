package content

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/hookrig/hookrig/fixtures/signature"
)

// Ample is as much memory as reading one message may take, in bytes, where little is read at a time.
const Ample = 512 << 20

// errTooBig is of a value that takes more memory than there is.
var errTooBig = errors.New("it takes too much memory")

// What a value takes for each of its signs, in bytes: measured, and rounded up.
const (
	perObject = 320 // the first entries of a map have their room at once
	perEmpty  = 64
	perList   = 64
	perItem   = 64
	perEntry  = 96
)

// weight is about how much memory the JSON value of a text takes, in bytes.
func weight(text []byte) int64 {
	sum := int64(len(text))
	inside := false // of a string
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

// Within bounds how much memory the values of the body take from now on together, in bytes: JSON, Form and Parts.
func (b *Body) Within(bytes int64) { b.left = bytes }

// take takes n bytes of what is left; false says that there is less.
func (b *Body) take(n int64) bool {
	if n > b.left {
		return false
	}
	b.left -= n
	return true
}

// tooBig says what does not fit.
func (b *Body) tooBig(n int64) error {
	return fmt.Errorf("%w: about %d MiB, and %d MiB are left for it", errTooBig, n>>20, b.left>>20)
}

// weightOfForm is about how much memory the fields of a form take, in bytes.
func weightOfForm(text []byte) int64 {
	return 2*int64(len(text)) + int64(1+bytes.Count(text, []byte("&")))*2*perEntry
}

// Cost is about how much memory it takes at most to read a message, in bytes, found out without reading it. What is decoded
// may be as long as MaxDecoded.
func Cost(m *signature.Message) int64 {
	size := int64(len(m.Body))
	for i := range m.Headers {
		if len(m.Body) > 0 && strings.EqualFold(m.Headers[i].Name, "Content-Encoding") && !strings.EqualFold(m.Headers[i].Value, "identity") {
			return 4 * MaxDecoded
		}
	}
	return 8 * size
}
