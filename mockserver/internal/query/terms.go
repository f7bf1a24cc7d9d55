package query

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/hookrig/hookrig/internal/clip"
	"github.com/hookrig/hookrig/internal/strictyaml"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// term is one condition of a query: a word, or a field with a value.
type term struct {
	not   bool
	field string // "" is the text anywhere
	name  string // of the header line, for the field "header"
	value string
}

// terms are a query: all of them must hold. The package documentation describes the language.
type terms []term

// Limits of a query.
const (
	maxQuery = 4 << 10 // bytes
	maxTerms = 64
)

// parseTerms parses a query. Errors wrap journal.ErrInvalid, quote the query, give the column and
// say what was expected.
func parseTerms(query string) (terms, error) {
	if len(query) > maxQuery {
		return nil, fmt.Errorf("%w query of %d bytes: want at most %d", journal.ErrInvalid, len(query), maxQuery)
	}
	p := termParser{text: query}
	var all terms
	for {
		p.space()
		if p.at == len(p.text) {
			return all, nil
		}
		t, err := p.term()
		if err != nil {
			return nil, err
		}
		if all = append(all, t); len(all) > maxTerms {
			return nil, p.wrong(p.at, fmt.Sprintf("want at most %d terms", maxTerms))
		}
	}
}

// termParser parses a query from left to right.
type termParser struct {
	text string
	at   int
}

// wrong returns the error for a mistake at an offset.
func (p *termParser) wrong(at int, what string) error {
	return fmt.Errorf("%w query %s: column %d: %s", journal.ErrInvalid, clip.Quote(p.text), 1+len([]rune(p.text[:at])), what)
}

func isSpace(b byte) bool { return b == ' ' || b == '\t' || b == '\n' || b == '\r' }

func (p *termParser) space() {
	for p.at < len(p.text) && isSpace(p.text[p.at]) {
		p.at++
	}
}

// word returns the text up to the next space.
func (p *termParser) word() string {
	end := p.at
	for end < len(p.text) && !isSpace(p.text[end]) {
		end++
	}
	return p.text[p.at:end]
}

// term parses a term. The text must not be at its end.
func (p *termParser) term() (t term, err error) {
	switch word := p.word(); {
	case word == "NOT":
		begin := p.at
		p.at += len(word)
		p.space()
		if next := p.word(); next == "" || next == "NOT" || next[0] == '-' && len(next) > 1 {
			return t, p.wrong(begin, `NOT: want one term after it, as in NOT method:GET; to search for the word, put it in quotes`)
		}
		t.not = true
	case word[0] == '-' && len(word) > 1:
		p.at++
		t.not = true
	}
	switch word := p.word(); {
	case word[0] == '"':
		t.value, err = p.quoted()
	case word == "OR" || word == "AND":
		err = p.wrong(p.at, word+`: all terms must match: use two queries, or a jq condition; to search for the word, put it in quotes`)
	default:
		name, _, isField := strings.Cut(word, ":")
		if !isField || !looksLikeField(name) || isURL(word) {
			p.at += len(word)
			t.value = word
			return t, nil
		}
		err = p.field(&t, name)
	}
	return t, err
}

// looksLikeField reports whether name, the text before a colon, is written like a field: in lower
// case. "Pass:Created" and "12:30" are text.
func looksLikeField(name string) bool {
	name, _, _ = strings.Cut(name, ".")
	for i := range len(name) {
		if name[i] < 'a' || name[i] > 'z' {
			return false
		}
	}
	return name != ""
}

// isURL reports whether a word is a URL, so that its scheme is not a field.
func isURL(word string) bool {
	scheme, _, ok := strings.Cut(word, "://")
	return ok && !strings.Contains(scheme, ":") && !isField(scheme) && !strings.HasPrefix(scheme, "header.")
}

// field parses a field and its value.
func (p *termParser) field(t *term, name string) error {
	begin := p.at
	field, header, dotted := strings.Cut(name, ".")
	switch {
	case field == "header" && header == "":
		return p.wrong(begin, `header: add the name of a header line, as in header.x-event:created`)
	case field == "header":
	case dotted || !isField(field):
		hint := ""
		if near := strictyaml.Nearest(field, fieldNames()); near != "" {
			hint = fmt.Sprintf("did you mean %q? ", near)
		}
		return p.wrong(begin, fmt.Sprintf("there is no field %q: %sThe fields are %s; put text with a colon in quotes",
			name, hint, strings.Join(fieldNames(), ", ")))
	}
	t.field, t.name = field, header
	p.at += len(name) + 1
	value := p.at
	if strings.HasPrefix(p.text[p.at:], `"`) {
		var err error
		if t.value, err = p.quoted(); err != nil {
			return err
		}
	} else {
		t.value = p.word()
		p.at += len(t.value)
	}
	if want := t.wants(); want != "" {
		return p.wrong(value, fmt.Sprintf("%s %q: want %s", name, t.value, want))
	}
	return nil
}

// quoted parses a quoted text, in which \" is a quote and \\ a backslash.
func (p *termParser) quoted() (string, error) {
	begin := p.at
	var text strings.Builder
	for p.at++; p.at < len(p.text); p.at++ {
		switch b := p.text[p.at]; {
		case b == '"':
			p.at++
			if p.word() != "" {
				return "", p.wrong(p.at, fmt.Sprintf("%s: want a space after a closing quote; write a quote in text as \\\"", clip.Quote(p.word())))
			}
			return text.String(), nil
		case b == '\\' && p.at+1 < len(p.text) && (p.text[p.at+1] == '"' || p.text[p.at+1] == '\\'):
			p.at++
			text.WriteByte(p.text[p.at])
		default:
			text.WriteByte(b)
		}
	}
	return "", p.wrong(begin, `want a closing quote; write a quote in text as "\""`)
}

// String returns the query; parsing it returns the same terms.
func (t terms) String() string {
	var b strings.Builder
	for i, one := range t {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(one.String())
	}
	return b.String()
}

func (t term) String() string {
	var b strings.Builder
	if t.not {
		b.WriteByte('-')
	}
	if t.field != "" {
		b.WriteString(t.field)
		if t.name != "" {
			b.WriteString("." + t.name)
		}
		b.WriteByte(':')
		if strings.HasPrefix(t.value, `"`) || strings.ContainsFunc(t.value, unicode.IsSpace) {
			b.WriteString(inQuotes(t.value))
		} else {
			b.WriteString(t.value)
		}
		return b.String()
	}
	if again, err := parseTerms(t.value); err == nil && len(again) == 1 && again[0] == (term{value: t.value}) {
		return b.String() + t.value // it needs no quotes
	}
	return b.String() + inQuotes(t.value)
}

func inQuotes(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}
