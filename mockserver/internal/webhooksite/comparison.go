package webhooksite

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hookrig/hookrig/internal/clip"
)

// comparison reads a value, with its field or without.
func (p *parser) comparison() (match, error) {
	field, begin := p.field, p.at
	if p.peek() != '"' {
		if name, ok := p.name(); ok {
			field = name
		}
	}
	if field == "_exists_" {
		name, _, err := p.word()
		if err != nil {
			return nil, err
		}
		name = strings.ReplaceAll(name, "\\", "")
		if kindOf(name) == 0 {
			return nil, p.unknown(name)
		}
		return exists(name), nil
	}
	if kindOf(field) == 0 {
		p.at = begin
		return nil, p.unknown(field)
	}
	switch p.peek() {
	case '(':
		outer := p.field
		p.field = field
		m, err := p.group()
		p.field = outer
		return m, err
	case '[', '{':
		return p.interval(field)
	case '"':
		value, err := p.quoted()
		if err != nil {
			return nil, err
		}
		return p.equal(field, value, true)
	case '>', '<':
		return p.bounded(field)
	}
	value, wild, err := p.word()
	switch {
	case err != nil:
		return nil, err
	case value == "":
		return nil, p.wrong("want a value for %s", field)
	case value == "*" && wild:
		if field == "content" { // as when it is alone
			return func(*request) bool { return true }, nil
		}
		return exists(field), nil
	}
	return p.equal(field, value, false)
}

func (p *parser) unknown(field string) error {
	return p.wrong("a request has no field %s: want one such as content, method, url, ip, headers.NAME, query.NAME, request.NAME, size or created_at", clip.Quote(field))
}

// name takes a field's name and its colon, if there is one here.
func (p *parser) name() (string, bool) {
	for i := p.at; i < len(p.text); i++ {
		switch c := p.text[i]; {
		case c == '\\':
			i++
		case c == ':' && i > p.at:
			name := strings.ReplaceAll(p.text[p.at:i], "\\", "")
			p.at = i + 1
			return name, true
		case strings.IndexByte(" \t\r\n()\"[]{}<>", c) >= 0:
			return "", false
		}
	}
	return "", false
}

// word takes the text up to a space or a parenthesis. wild is whether it has a "*" or "?" that is
// not escaped. Backslashes stay in the word.
func (p *parser) word() (word string, wild bool, err error) {
	begin := p.at
	for ; !p.done() && strings.IndexByte(" \t\r\n()", p.text[p.at]) < 0; p.at++ {
		switch p.text[p.at] {
		case '\\':
			if p.at++; p.done() {
				return "", false, p.wrong("want a character behind the backslash")
			}
		case '*', '?':
			wild = true
		}
	}
	return p.text[begin:p.at], wild, nil
}

// quoted takes a quoted text.
func (p *parser) quoted() (string, error) {
	var value strings.Builder
	for i := p.at + 1; i < len(p.text); i++ {
		switch c := p.text[i]; c {
		case '\\':
			if i++; i < len(p.text) {
				value.WriteByte(p.text[i])
			}
		case '"':
			p.at = i + 1
			return value.String(), nil
		default:
			value.WriteByte(c)
		}
	}
	return "", p.wrong("want a second \" behind it")
}

// exists matches requests that have a field.
func exists(field string) match {
	if kindOf(field) != text {
		return func(*request) bool { return true }
	}
	return func(r *request) bool { return len(r.texts(field)) > 0 }
}

// equal compares a field with a value.
func (p *parser) equal(field, value string, quoted bool) (match, error) {
	switch kindOf(field) {
	case numeric, date:
		low, err := p.edge(field, value, false)
		if err != nil {
			return nil, err
		}
		high, err := p.edge(field, value, true)
		if err != nil {
			return nil, err
		}
		return between(field, low, high, true, true), nil
	}
	found, err := p.matchWords(value, quoted)
	if err != nil {
		return nil, err
	}
	return func(r *request) bool { return slices.ContainsFunc(r.texts(field), found) }, nil
}

// maxWild bounds the "*" and "?" in one word.
const maxWild = 8

// matchWords finds a value as whole words, in any case. In a value without quotes "*" is letters
// and digits, "?" is one of them, and a backslash escapes the next character.
func (p *parser) matchWords(value string, quoted bool) (func(string) bool, error) {
	const letter = `[\p{L}\p{N}_]`
	var pattern, plain strings.Builder
	wild, escaped := 0, false
	for _, c := range value {
		switch {
		case !quoted && !escaped && c == '\\':
			escaped = true
			continue
		case !quoted && !escaped && (c == '*' || c == '?'):
			pattern.WriteString(letter)
			if c == '*' {
				pattern.WriteByte('*')
			}
			wild++
		default:
			pattern.WriteString(regexp.QuoteMeta(string(c)))
			plain.WriteRune(c)
		}
		escaped = false
	}
	switch {
	case wild > maxWild:
		return nil, p.wrong("%s: want at most %d wildcards", clip.Quote(value), maxWild)
	case wild == 0:
		return containsWord(strings.ToLower(plain.String())), nil
	}
	const first, last = `(?:^|[^\p{L}\p{N}_])`, `(?:$|[^\p{L}\p{N}_])`
	return regexp.MustCompile(`(?is)` + first + pattern.String() + last).MatchString, nil
}

// containsWord looks for a lower-case text that neither begins nor ends within a word.
func containsWord(lower string) func(string) bool {
	begin, _ := utf8.DecodeRuneInString(lower)
	end, _ := utf8.DecodeLastRuneInString(lower)
	return func(in string) bool {
		if lower == "" {
			return in == ""
		}
		in = strings.ToLower(in)
		for at := 0; ; at++ {
			i := strings.Index(in[at:], lower)
			if i < 0 {
				return false
			}
			at += i
			before, _ := utf8.DecodeLastRuneInString(in[:at])
			after, _ := utf8.DecodeRuneInString(in[at+len(lower):])
			if !(isLetter(begin) && isLetter(before)) && !(isLetter(end) && isLetter(after)) {
				return true
			}
		}
	}
}

// isLetter says whether a rune can be part of a word.
func isLetter(c rune) bool {
	return c == '_' || c != utf8.RuneError && (unicode.IsLetter(c) || unicode.IsNumber(c))
}

// edge reads a value of a field that has an order: the first instant of a date, or the last.
func (p *parser) edge(field, value string, end bool) (float64, error) {
	if kindOf(field) == date {
		at, err := parseDate(strings.ReplaceAll(value, "\\", ""), p.now, end)
		if err != nil {
			return 0, p.wrong("%s", err)
		}
		return seconds(at), nil
	}
	n, err := strconv.ParseFloat(value, 64)
	if err != nil || math.IsNaN(n) {
		return 0, p.wrong("%s %s: want a number", field, clip.Quote(value))
	}
	return n, nil
}

// seconds returns a time since 1970, rounded down to a millisecond, so that the end of a second is
// before the next one.
func seconds(at time.Time) float64 { return float64(at.UnixMilli()) / 1e3 }

// between matches requests whose field is within bounds; withLow and withHigh include the bounds.
func between(field string, low, high float64, withLow, withHigh bool) match {
	return func(r *request) bool {
		value := 0.0
		if kindOf(field) == date {
			value = seconds(r.at())
		} else {
			value = r.number(field)
		}
		return (value > low || withLow && value == low) && (value < high || withHigh && value == high)
	}
}

// bounded reads >, >=, < or <= and a value.
func (p *parser) bounded(field string) (match, error) {
	sign := p.peek()
	p.at++
	with := p.peek() == '='
	if with {
		p.at++
	}
	value, err := p.edgeText(" \t\r\n()")
	if err != nil {
		return nil, err
	}
	if kindOf(field) == text {
		return nil, p.wrong("%s is text and has no order", field)
	}
	// "> a day" begins after its end, ">= a day" at its beginning.
	edge, err := p.edge(field, value, (sign == '>') != with)
	if err != nil {
		return nil, err
	}
	if sign == '>' {
		return between(field, edge, math.Inf(1), with, true), nil
	}
	return between(field, math.Inf(-1), edge, true, with), nil
}

// interval reads [a TO b]. Square brackets include a bound; "*" is none.
func (p *parser) interval(field string) (match, error) {
	withLow := p.peek() == '['
	p.at++
	low, err := p.edgeText(" \t\r\n]}")
	if err != nil {
		return nil, err
	}
	p.space()
	if !p.operator("TO") {
		return nil, p.wrong("want TO, as in [a TO b]")
	}
	high, err := p.edgeText(" \t\r\n]}")
	if err != nil {
		return nil, err
	}
	p.space()
	if c := p.peek(); c != ']' && c != '}' {
		return nil, p.wrong("want \"]\" or \"}\"")
	}
	withHigh := p.peek() == ']'
	p.at++
	if kindOf(field) == text {
		return nil, p.wrong("%s is text and has no order", field)
	}
	from, to := math.Inf(-1), math.Inf(1)
	if low != "*" {
		if from, err = p.edge(field, low, !withLow); err != nil {
			return nil, err
		}
	}
	if high != "*" {
		if to, err = p.edge(field, high, withHigh); err != nil {
			return nil, err
		}
	}
	return between(field, from, to, withLow, withHigh), nil
}

// edgeText takes a quoted value, or the text up to one of these.
func (p *parser) edgeText(ends string) (string, error) {
	p.space()
	if p.peek() == '"' {
		return p.quoted()
	}
	begin := p.at
	for !p.done() && strings.IndexByte(ends, p.text[p.at]) < 0 {
		p.at++
	}
	if p.at == begin {
		return "", p.wrong("want a value")
	}
	return p.text[begin:p.at], nil
}
