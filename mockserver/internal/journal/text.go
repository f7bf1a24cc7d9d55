package journal

import (
	"bytes"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/hookrig/hookrig/internal/content"
)

// Fold appends text to dst in the form that searches compare: letters in lower case, as
// unicode.ToLower does, and bytes that are not UTF-8 unchanged.
func Fold[T string | []byte](dst []byte, text T) []byte {
	dst = slices.Grow(dst, len(text))
	for i := 0; i < len(text); {
		if b := text[i]; b < utf8.RuneSelf {
			if 'A' <= b && b <= 'Z' {
				b += 'a' - 'A'
			}
			dst = append(dst, b)
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(string(text[i:min(i+utf8.UTFMax, len(text))]))
		if r == utf8.RuneError && size == 1 {
			dst = append(dst, text[i])
		} else {
			dst = utf8.AppendRune(dst, unicode.ToLower(r))
		}
		i += size
	}
	return dst
}

// Folded is the text of a capture that searches look in: its target, the names and values of its
// header lines, and its decoded body, each one folded separately. The zero value is empty. You can
// reuse it for many captures, in one goroutine.
type Folded struct {
	text []byte
	ends []int // of the parts in text
}

// Read replaces the text with that of c.
func (f *Folded) Read(c *Capture) {
	f.text, f.ends = f.text[:0], f.ends[:0]
	add := func(part string) {
		f.text = Fold(f.text, part)
		f.ends = append(f.ends, len(f.text))
	}
	add(c.Target)
	for i := range c.Headers {
		add(c.Headers[i].Name)
		add(c.Headers[i].Value)
	}
	body := c.Body
	if !content.Plain(&c.Message) {
		body = content.Decode(&c.Message).Bytes
	}
	f.text = Fold(f.text, body)
	f.ends = append(f.ends, len(f.text))
}

// Holds reports whether one of the parts contains text, which must be folded.
func (f *Folded) Holds(text []byte) bool {
	if !bytes.Contains(f.text, text) {
		return false
	}
	for part := range f.Parts {
		if bytes.Contains(part, text) {
			return true
		}
	}
	return false
}

// Parts yields the parts: target, header names and values in alternation, body. They are valid
// until the next Read.
func (f *Folded) Parts(yield func([]byte) bool) {
	begin := 0
	for _, end := range f.ends {
		if !yield(f.text[begin:end]) {
			return
		}
		begin = end
	}
}
