package diff

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// lines compares two texts line by line, between the common beginning and the common end.
func (c *comparison) lines(before, after []byte) {
	b, a := bytes.SplitAfter(before, []byte("\n")), bytes.SplitAfter(after, []byte("\n"))
	start := 0
	for start < len(b) && start < len(a) && bytes.Equal(b[start], a[start]) {
		start++
	}
	for len(b) > start && len(a) > start && bytes.Equal(b[len(b)-1], a[len(a)-1]) {
		b, a = b[:len(b)-1], a[:len(a)-1]
	}
	for i := start; i < max(len(b), len(a)); i++ {
		where := "body line " + strconv.Itoa(i+1)
		switch {
		case i >= len(b):
			c.add(where, Added, nil, textOf(a[i]))
		case i >= len(a):
			c.add(where, Removed, textOf(b[i]), nil)
		case !bytes.Equal(b[i], a[i]):
			c.add(where, Changed, textOf(b[i]), textOf(a[i]))
		}
	}
}

// bytes compares the range from the first to the last byte that differ.
func (c *comparison) bytes(before, after []byte) {
	start := 0
	for start < len(before) && start < len(after) && before[start] == after[start] {
		start++
	}
	for len(before) > start && len(after) > start && before[len(before)-1] == after[len(after)-1] {
		before, after = before[:len(before)-1], after[:len(after)-1]
	}
	where := "body byte " + strconv.Itoa(start)
	b, a := before[start:], after[start:]
	switch {
	case len(b) == 0:
		c.add(where, Added, nil, textOf(a))
	case len(a) == 0:
		c.add(where, Removed, textOf(b), nil)
	default:
		c.add(where, Changed, textOf(b), textOf(a))
	}
}

// textOf returns a text unchanged, and escapes other bytes as Go does.
func textOf(raw []byte) *string {
	if !utf8.Valid(raw) {
		text := strconv.QuoteToASCII(string(raw[:min(len(raw), maxText)]))
		text = text[1 : len(text)-1]
		return &text
	}
	text := string(raw[:min(len(raw), maxText+utf8.UTFMax)])
	return &text
}
