package sqlread

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hookrig/hookrig/internal/clip"
)

// ErrStatement means that a text is not one statement that reads.
var ErrStatement = errors.New("only one SELECT statement is run")

// checkStatement refuses everything but one statement that begins with SELECT, WITH or VALUES. A
// read-only transaction is not enough: VACUUM INTO and ATTACH write files, and COPY … TO PROGRAM
// runs a program.
func checkStatement(query string) error {
	rest := skipBlanks(query)
	word := rest[:len(rest)-len(strings.TrimLeft(rest, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"))]
	if !slices.Contains([]string{"select", "with", "values"}, strings.ToLower(word)) {
		return fmt.Errorf("%w: %q begins with %q, want SELECT, WITH or VALUES", ErrStatement, clip.Text(query, 80), clip.Text(word, 20))
	}
	for rest != "" {
		if rest[0] == ';' {
			if skipBlanks(rest[1:]) != "" {
				return fmt.Errorf("%w: %q goes on after the semicolon", ErrStatement, clip.Text(query, 80))
			}
			return nil
		}
		rest = skipToken(rest)
	}
	return nil
}

// skipBlanks skips white space and comments.
func skipBlanks(text string) string {
	for {
		text = strings.TrimLeft(text, " \t\r\n\f\v")
		if !strings.HasPrefix(text, "--") && !strings.HasPrefix(text, "/*") {
			return text
		}
		text = skipToken(text)
	}
}

// skipToken skips a comment, a quoted text or one byte.
func skipToken(text string) string {
	until := func(from int, end string) string {
		if _, after, found := strings.Cut(text[from:], end); found {
			return after
		}
		return ""
	}
	switch {
	case strings.HasPrefix(text, "--"):
		return until(2, "\n")
	case strings.HasPrefix(text, "/*"):
		return until(2, "*/")
	case text[0] == '\'', text[0] == '"', text[0] == '`':
		return until(1, text[:1]) // a doubled quote is two texts
	}
	return text[1:]
}

// withoutSemicolon returns a statement that checkStatement permits, up to its semicolon.
func withoutSemicolon(query string) string {
	for rest := skipBlanks(query); rest != ""; rest = skipToken(rest) {
		if rest[0] == ';' {
			return query[:len(query)-len(rest)]
		}
	}
	return query
}
