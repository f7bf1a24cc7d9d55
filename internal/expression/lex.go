package expression

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Error is a mistake in an expression.
type Error struct {
	Offset int    // bytes from the start of the compiled text
	Text   string // what is wrong
	Hint   string // what was probably intended
	Source string // the placeholder, "" for an expression alone
}

// Message returns the text with the placeholder before it.
func (e *Error) Message() string {
	if e.Source == "" {
		return e.Text
	}
	return e.Source + ": " + e.Text
}

// Error returns the message and the hint.
func (e *Error) Error() string {
	if e.Hint == "" {
		return e.Message()
	}
	return e.Message() + "; " + e.Hint
}

// token is a lexical element of an expression: a name, a number, a text, or an operator, whose
// kind is the operator itself. At the end the kind is "".
type token struct {
	kind string // "name", "number", "text", or the operator
	text string
	at   int
}

type lexer struct {
	src string
	pos int
}

var operators = []string{"==", "!=", "<=", ">=", "&&", "||", "+", "-", "*", "/", "%", "<", ">", "!", "?", ":", ",", ".", "|", "(", ")", "[", "]", "{", "}"}

func (l *lexer) next() (token, error) {
	l.skip()
	start := l.pos
	if start >= len(l.src) {
		return token{at: start}, nil
	}
	c := l.src[start]
	switch {
	case letter(c):
		for l.pos < len(l.src) && (letter(l.src[l.pos]) || digit(l.src[l.pos])) {
			l.pos++
		}
		return token{"name", l.src[start:l.pos], start}, nil
	case digit(c):
		return l.number(), nil
	case c == '\'' || c == '"':
		return l.text(c)
	}
	for _, op := range operators {
		if strings.HasPrefix(l.src[start:], op) {
			l.pos += len(op)
			return token{op, op, start}, nil
		}
	}
	r, _ := utf8.DecodeRuneInString(l.src[start:])
	return token{}, &Error{Offset: start, Text: fmt.Sprintf("unexpected %q in an expression", r)}
}

// skip skips white space.
func (l *lexer) skip() {
	for l.pos < len(l.src) && space(l.src[l.pos]) {
		l.pos++
	}
}

// member reads the name of a member after a dot: letters, digits and _, and hyphens directly
// between them. Without one the token is the next one.
func (l *lexer) member() (token, error) {
	l.skip()
	start := l.pos
	for l.pos < len(l.src) && word(l.src[l.pos]) {
		l.pos++
		if l.pos+1 < len(l.src) && l.src[l.pos] == '-' && word(l.src[l.pos+1]) {
			l.pos++
		}
	}
	if l.pos == start {
		return l.next()
	}
	return token{"name", l.src[start:l.pos], start}, nil
}

// argument reads an argument after a colon: text in quotes, or everything up to the next bar or
// brace. When nested it also ends at a comma and a closing bracket.
func (l *lexer) argument(nested bool) (string, error) {
	if l.pos < len(l.src) && (l.src[l.pos] == '\'' || l.src[l.pos] == '"') {
		t, err := l.text(l.src[l.pos])
		return t.text, err
	}
	ends := "|}"
	if nested {
		ends = "|},)]"
	}
	start := l.pos
	for l.pos < len(l.src) && strings.IndexByte(ends, l.src[l.pos]) < 0 {
		l.pos++
	}
	return strings.TrimRight(l.src[start:l.pos], spaces), nil
}

// Argument returns the text of an argument as it is written after a colon, in quotes where it must.
func Argument(text string) string {
	if text != "" && !strings.ContainsAny(text, "|}") && strings.Trim(text, spaces) == text && !strings.HasPrefix(text, "'") && !strings.HasPrefix(text, `"`) {
		return text
	}
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(text) + "'"
}

// variable reads the name of an environment variable.
func (l *lexer) variable() string {
	start := l.pos
	for l.pos < len(l.src) && word(l.src[l.pos]) {
		l.pos++
	}
	return l.src[start:l.pos]
}

func (l *lexer) number() token {
	start := l.pos
	digits := func() {
		for l.pos < len(l.src) && digit(l.src[l.pos]) {
			l.pos++
		}
	}
	digits()
	if l.pos+1 < len(l.src) && l.src[l.pos] == '.' && digit(l.src[l.pos+1]) {
		l.pos++
		digits()
	}
	return token{"number", l.src[start:l.pos], start}
}

func (l *lexer) text(quote byte) (token, error) {
	start := l.pos
	var b strings.Builder
	for l.pos++; l.pos < len(l.src); l.pos++ {
		c := l.src[l.pos]
		if c == quote {
			l.pos++
			return token{"text", b.String(), start}, nil
		}
		if c == '\\' && l.pos+1 < len(l.src) {
			l.pos++
			c = l.src[l.pos]
			switch c {
			case 'n':
				c = '\n'
			case 't':
				c = '\t'
			}
		}
		b.WriteByte(c)
	}
	return token{}, &Error{Offset: start, Text: "text without a closing quote"}
}

// spaces are the characters between tokens.
const spaces = " \t\r\n"

func space(c byte) bool { return strings.IndexByte(spaces, c) >= 0 }

func word(c byte) bool { return letter(c) || digit(c) }

func letter(c byte) bool { return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' }

func digit(c byte) bool { return c >= '0' && c <= '9' }
