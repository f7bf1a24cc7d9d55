package terminal

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Text is a text with its control characters escaped, but for line ends and tabs: C0, DEL, C1, those that change the direction of text,
// Unicode's separators of lines, and bytes that are no UTF-8.
func Text(text string) string { return escape(text, true) }

// Line is a text on one line: Text, with line ends and tabs escaped as well.
func Line(text string) string { return escape(text, false) }

func escape(text string, lines bool) string {
	clean := 0 // bytes at the beginning that stay
	for clean < len(text) {
		r, size := utf8.DecodeRuneInString(text[clean:])
		if steers(r, lines) || r == utf8.RuneError && size == 1 {
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
		case !steers(r, lines):
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

// steers says whether a terminal does something else with a character than to show it.
func steers(r rune, lines bool) bool {
	switch {
	case r == '\n' || r == '\t':
		return !lines
	case r < ' ', r >= 0x7f && r < 0xa0:
		return true
	case r == 0x061c, r == 0x200e, r == 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069: // Unicode's Bidi_Control
		return true
	case r == 0x2028, r == 0x2029: // which some take for line ends
		return true
	}
	return false
}
