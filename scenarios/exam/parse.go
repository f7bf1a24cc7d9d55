package exam

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/hookrig/hookrig/scenarios"
)

// effectForms are the forms of ParseEffect.
const effectForms = "want http URL [JQ], exec COMMAND, sql DSN QUERY or sink BIN"

// ParseEffect reads an effect as it is written on the command line:
//
//	http URL [JQ]     a GET request, and the jq program that selects the value from
//	                  {status, headers, body}
//	exec COMMAND      a program and its arguments, in quotes where they contain spaces; its output
//	sql DSN QUERY     a query of postgres://… or sqlite:FILE
//	sink BIN          the number of requests that a bin captured
func ParseEffect(text string) (*scenarios.Effect, error) {
	kind, rest := cutWord(text)
	e := &scenarios.Effect{}
	switch first, after := cutWord(rest); {
	case first == "":
		return nil, fmt.Errorf("effect %q: %s", text, effectForms)
	case kind == "http":
		e.HTTP, e.JQ = &scenarios.Request{URL: first}, scenarios.Condition(unquoted(after))
	case kind == "exec":
		words, err := SplitCommand(rest)
		if err != nil {
			return nil, fmt.Errorf("effect %q: %w", text, err)
		}
		e.Exec = words
	case kind == "sql" && after != "":
		e.SQL = &scenarios.Query{DSN: first, Query: unquoted(after)}
	case kind == "sink" && after == "":
		e.Sink = &scenarios.Sink{Bin: first}
	default:
		return nil, fmt.Errorf("effect %q: %s", text, effectForms)
	}
	return e, nil
}

// cutWord returns the first word of a text, and what follows it.
func cutWord(text string) (word, rest string) {
	text = strings.TrimSpace(text)
	at := strings.IndexFunc(text, unicode.IsSpace)
	if at < 0 {
		return text, ""
	}
	return text[:at], strings.TrimSpace(text[at:])
}

// unquoted removes the quotes around a text that is one quoted word.
func unquoted(text string) string {
	if words, err := splitWords(text); err == nil && len(words) == 1 && len(text) > 1 && (text[0] == '\'' || text[0] == '"') && text[len(text)-1] == text[0] {
		return words[0]
	}
	return text
}

// SplitCommand splits a command into the program and its arguments, as a shell does: spaces
// separate, quotes and backslashes protect. Nothing is expanded.
func SplitCommand(text string) ([]string, error) {
	words, err := splitWords(text)
	if err == nil && len(words) == 0 {
		err = errors.New("the command is empty")
	}
	if err != nil {
		return nil, fmt.Errorf("command %q: %w", text, err)
	}
	return words, nil
}

var errQuote = errors.New("a quote has no end")

// splitWords splits a command into words, as a shell does: spaces separate, single and double
// quotes and backslashes protect. Nothing is expanded.
func splitWords(text string) ([]string, error) {
	var words []string
	var word strings.Builder
	open, quote, escaped := false, rune(0), false
	for _, r := range text {
		switch {
		case escaped:
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'':
			escaped, open = true, true
		case quote != 0:
			if r == quote {
				quote = 0
			} else {
				word.WriteRune(r)
			}
		case r == '\'' || r == '"':
			quote, open = r, true
		case unicode.IsSpace(r):
			if open {
				words, open = append(words, word.String()), false
				word.Reset()
			}
		default:
			word.WriteRune(r)
			open = true
		}
	}
	if quote != 0 || escaped {
		return nil, errQuote
	}
	if open {
		words = append(words, word.String())
	}
	return words, nil
}

// ParseReport reads a report that WriteJSON wrote.
func ParseReport(data []byte) (Report, error) {
	var r Report
	if err := json.Unmarshal(data, &r); err != nil {
		return r, fmt.Errorf("this is no report of hookrig check --json: %w", err)
	}
	if r.Checks == nil {
		return r, errors.New("this is no report of hookrig check --json: it has no checks")
	}
	return r, nil
}
