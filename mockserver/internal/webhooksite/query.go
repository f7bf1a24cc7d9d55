package webhooksite

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hookrig/hookrig/internal/clip"
)

// match says whether a request matches a query.
type match func(*request) bool

// Bounds of a query.
const (
	maxQuery     = 4 << 10 // bytes
	deepestQuery = 50      // parentheses and negations within each other
	maxClauses   = 50
)

// parseQuery reads a query in the part of Elasticsearch's query string syntax that the API's
// documentation shows: words and quoted texts, with a field and a colon before them or looked for
// in the content; "*" and "?" in words; AND, OR, NOT (and &&, ||, !, +, -), parentheses, also after
// a field; _exists_:field; and for numbers and dates [a TO b], {a TO b}, >, >=, < and <=. Clauses
// side by side are alternatives, as there. Text is compared in any case and by whole words.
// https://docs.webhook.site/api/requests.html#get-requests
func parseQuery(text string, now time.Time) (match, error) {
	switch {
	case len(text) > maxQuery:
		return nil, invalid("query of %d bytes: want at most %d", len(text), maxQuery)
	case !utf8.ValidString(text):
		return nil, invalid("query %s is not UTF-8", clip.Quote(text))
	}
	p := &parser{text: text, field: "content", now: now}
	m, err := p.list()
	if err != nil {
		return nil, err
	}
	if !p.done() { // only a parenthesis ends a list early
		return nil, p.wrong("\")\" without \"(\"")
	}
	return m, nil
}

// parser reads a query from left to right.
type parser struct {
	text    string
	at      int
	field   string // field of words without one
	now     time.Time
	depth   int
	clauses int
}

func (p *parser) done() bool { return p.at >= len(p.text) }

func (p *parser) peek() byte {
	if p.done() {
		return 0
	}
	return p.text[p.at]
}

func (p *parser) space() {
	for !p.done() && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

// wrong returns an error about the current position.
func (p *parser) wrong(format string, args ...any) error {
	const shown = 20
	rest := p.text[min(p.at, len(p.text)):]
	if len(rest) > shown {
		rest = rest[:shown] + "…"
	}
	where := "the end"
	if rest != "" {
		where = clip.Quote(rest)
	}
	return invalid("query %s: at %s, byte %d: %s", clip.Quote(p.text), where, p.at+1, invalid(format, args...).Error())
}

// operator takes one of these operators. A word must be a whole word.
func (p *parser) operator(names ...string) bool {
	for _, name := range names {
		rest, ok := strings.CutPrefix(p.text[p.at:], name)
		if !ok || name[0] >= 'A' && rest != "" && strings.IndexByte(" \t\r\n()", rest[0]) < 0 && name[0] != '|' {
			continue
		}
		p.at += len(name)
		p.space()
		return true
	}
	return false
}

// nest counts the nesting.
func (p *parser) nest() error {
	if p.depth++; p.depth > deepestQuery {
		return p.wrong("want at most %d within each other", deepestQuery)
	}
	return nil
}

// clause is a part of a list.
type clause struct {
	match match
	sign  byte // '+', '-' or 0
	or    bool // an OR is beside it
}

// list reads clauses up to the end or a closing parenthesis.
func (p *parser) list() (match, error) {
	var list []clause
	or := false
	for p.space(); !p.done() && p.peek() != ')'; p.space() {
		if p.operator("OR", "||") {
			if len(list) == 0 || or {
				return nil, p.wrong("OR has nothing before it")
			}
			list[len(list)-1].or, or = true, true
			continue
		}
		c, err := p.conjunction()
		if err != nil {
			return nil, err
		}
		c.or, or = or, false
		list = append(list, c)
	}
	switch {
	case or:
		return nil, p.wrong("OR has nothing behind it")
	case len(list) == 0:
		return nil, p.wrong("want something to look for")
	}
	return joined(list), nil
}

// joined joins clauses side by side: those with "+" must match, those with "-" must not, and of the
// others one must, unless there is one with "+". Beside an OR a clause is an alternative, whatever
// its sign.
func joined(list []clause) match {
	if len(list) == 1 && list[0].sign == 0 {
		return list[0].match
	}
	var must, never, either []match
	for _, c := range list {
		switch {
		case c.sign == '-' && c.or:
			either = append(either, not(c.match))
		case c.sign == '-':
			never = append(never, c.match)
		case c.sign == '+' && !c.or:
			must = append(must, c.match)
		default:
			either = append(either, c.match)
		}
	}
	return func(r *request) bool {
		holds := func(m match) bool { return m(r) }
		return !slices.ContainsFunc(never, holds) &&
			!slices.ContainsFunc(must, func(m match) bool { return !m(r) }) &&
			(len(either) == 0 || len(must) > 0 || slices.ContainsFunc(either, holds))
	}
}

func not(m match) match { return func(r *request) bool { return !m(r) } }

// conjunction reads clauses with AND between them.
func (p *parser) conjunction() (clause, error) {
	first, err := p.signed()
	if err != nil {
		return clause{}, err
	}
	all := []clause{first}
	for p.space(); !p.done() && p.operator("AND", "&&"); p.space() {
		next, err := p.signed()
		if err != nil {
			return clause{}, err
		}
		all = append(all, next)
	}
	if len(all) == 1 {
		return first, nil
	}
	return clause{match: func(r *request) bool {
		return !slices.ContainsFunc(all, func(c clause) bool { return c.match(r) == (c.sign == '-') })
	}}, nil
}

// signed reads a clause with its signs.
func (p *parser) signed() (clause, error) {
	switch {
	case p.operator("NOT", "!", "-"):
		if err := p.nest(); err != nil {
			return clause{}, err
		}
		defer func() { p.depth-- }()
		c, err := p.signed()
		if c.sign == '-' {
			c.sign = 0 // twice
		} else {
			c.sign = '-'
		}
		return c, err
	case p.operator("+"):
		m, err := p.primary()
		return clause{match: m, sign: '+'}, err
	}
	m, err := p.primary()
	return clause{match: m}, err
}

// primary reads parentheses or one comparison.
func (p *parser) primary() (match, error) {
	if p.peek() == '(' {
		return p.group()
	}
	if p.clauses++; p.clauses > maxClauses {
		return nil, p.wrong("want at most %d clauses", maxClauses)
	}
	if p.done() || p.peek() == ')' {
		return nil, p.wrong("want something to look for")
	}
	return p.comparison()
}

func (p *parser) group() (match, error) {
	if err := p.nest(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	p.at++
	m, err := p.list()
	if err != nil {
		return nil, err
	}
	if p.peek() != ')' {
		return nil, p.wrong("want \")\"")
	}
	p.at++
	return m, nil
}
