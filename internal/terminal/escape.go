package terminal

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Text returns text with control characters escaped, except line ends and tabs: C0, DEL, C1,
// characters that change the direction of text, Unicode's line separators, and bytes that are not
// UTF-8.
func Text(text string) string { return escape(text, true) }

// Line returns text on one line: like Text, but with line ends and tabs escaped too.
func Line(text string) string { return escape(text, false) }

func escape(text string, lines bool) string {
	clean := 0 // length of the start without escapes
	for clean < len(text) {
		r, size := utf8.DecodeRuneInString(text[clean:])
		if isControl(r, lines) || r == utf8.RuneError && size == 1 {
			break
		}
		clean += size
	}
	if clean == len(text) {
		return text
	}
	var b strings.Builder
	b.WriteString(text[:clean])
	for rest := text[clean:]; rest != ""; {
		r, size := utf8.DecodeRuneInString(rest)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, rest[0])
		case !isControl(r, lines):
			b.WriteString(rest[:size])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		rest = rest[size:]
	}
	return b.String()
}

// isControl reports whether a terminal does more with a character than to show it.
func isControl(r rune, lines bool) bool {
	switch {
	case r == '\n' || r == '\t':
		return !lines
	case r < ' ', r >= 0x7f && r < 0xa0:
		return true
	case r == 0x061c, r == 0x200e, r == 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069: // Unicode's Bidi_Control
		return true
	case r == 0x2028, r == 0x2029: // some programs take them as line ends
		return true
	}
	return false
}
