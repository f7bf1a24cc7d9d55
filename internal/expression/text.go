package expression

import (
	"errors"
	"strings"

	"github.com/hookrig/hookrig/internal/clip"
)

// Part is a piece of a text: a literal, or a placeholder, whose Node is not nil.
type Part struct {
	Literal string
	Node    *Node
	Source  string // the placeholder as written, with ${ and }
}

// Split splits text into literals and placeholders ${…}. "$${" is a literal "${". Neighbouring
// literals are one part. A non-nil error is an *Error.
func Split(text string) ([]Part, error) {
	var all []Part
	var literal strings.Builder
	flush := func() {
		if literal.Len() > 0 {
			all = append(all, Part{Literal: literal.String()})
			literal.Reset()
		}
	}
	for pos := 0; pos < len(text); {
		at := next(text, pos)
		if at < 0 {
			literal.WriteString(text[pos:])
			break
		}
		if at > pos && text[at-1] == '$' {
			literal.WriteString(text[pos:at-1] + "${")
			pos = at + 2
			continue
		}
		literal.WriteString(text[pos:at])
		flush()
		node, end, err := placeholder(text, at)
		if err != nil {
			return nil, quoted(err, broken(text[at:]))
		}
		all = append(all, Part{Node: node, Source: text[at:end]})
		pos = end
	}
	flush()
	return all, nil
}

// next returns the index of the first "${" from pos on, or -1.
func next(text string, pos int) int {
	if at := strings.Index(text[pos:], "${"); at >= 0 {
		return pos + at
	}
	return -1
}

// placeholder parses the placeholder at an index of text and returns its end. The parser finds the
// closing brace, so that braces in quotes and in objects do not close it.
func placeholder(text string, at int) (*Node, int, error) {
	p := parser{lexer: lexer{src: text, pos: at + 2}}
	if err := p.advance(); err != nil {
		return nil, 0, err
	}
	node, err := p.pipeline()
	switch {
	case p.token.kind == "" && (err == nil || !strings.Contains(text[at:], "}")):
		return nil, 0, &Error{Offset: at, Text: "the placeholder has no closing }", Hint: "write $${ for a plain ${"}
	case err != nil:
		return nil, 0, err
	case p.token.kind != "}":
		return nil, 0, p.unexpected(node)
	}
	return node, p.token.at + 1, nil
}

// broken returns the beginning of text up to the first brace that could close its placeholder.
func broken(text string) string {
	if end := strings.IndexByte(text, '}'); end >= 0 {
		return text[:end+1]
	}
	return text
}

// quoted adds the placeholder to an error.
func quoted(err error, source string) error {
	var wrong *Error
	if errors.As(err, &wrong) {
		wrong.Source = clip.Text(source, 80)
	}
	return err
}

// Holds reports whether text has a placeholder, valid or not.
func Holds(text string) bool {
	for at := next(text, 0); at >= 0; at = next(text, at+2) {
		if at == 0 || text[at-1] != '$' {
			return true
		}
	}
	return false
}

// Parse parses src, the text between ${ and }. A non-nil error is an *Error.
func Parse(src string) (*Node, error) {
	p := parser{lexer: lexer{src: src}}
	if err := p.advance(); err != nil {
		return nil, err
	}
	node, err := p.pipeline()
	if err != nil {
		return nil, err
	}
	if p.token.kind != "" {
		return nil, p.unexpected(node)
	}
	return node, nil
}
