package jq

import (
	"fmt"
	"io"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"

	"github.com/hookrig/hookrig/internal/clip"

	"github.com/itchyny/gojq"
)

// These limit regular expressions.
const (
	maxInstructions = 20_000 // of a compiled expression
	// Bytes times instructions that are matched without checking the time.
	uncheckedWork = 1 << 22
	runesPerCheck = 1 << 10 // runes that are read between two checks of the time
)

// pattern is a compiled regular expression.
type pattern struct {
	first *regexp.Regexp
	later *regexp.Regexp // the same after one rune, because a match depends on the rune before it
	size  int64          // in instructions
}

// match is jq's _match. It returns whether a text matches, or an array of matches.
func (b *budget) match(v any, args []any) any {
	text, isText := v.(string)
	source, isSource := args[0].(string)
	flags, isFlags := args[1].(string)
	if !isText || !isSource || !isFlags && args[1] != nil {
		name := "match"
		if args[2] == true {
			name = "test"
		}
		return fmt.Errorf("%s needs a text, a regular expression and flags, all strings", name)
	}
	p, err := b.compiled(source, flags)
	if err != nil {
		return err
	}
	if args[2] == true {
		found := p.find(b, text, 0)
		if b.err != nil {
			return b.err
		}
		return found != nil
	}
	matches := []any{}
	names := p.first.SubexpNames()
	counted, runes := 0, 0 // number of runes in text[:counted]
	place := func(at int) int {
		if at < counted { // groups of a match are in any order
			return runes - utf8.RuneCountInString(text[at:counted])
		}
		runes += utf8.RuneCountInString(text[counted:at])
		counted = at
		return runes
	}
	for at := 0; at <= len(text); {
		found := p.find(b, text, at)
		if b.err != nil {
			return b.err
		}
		if found == nil {
			break
		}
		if err := b.take(matchBytes*int64(len(found)/2), 0); err != nil {
			return err
		}
		matches = append(matches, described(text, found, names, place))
		if !strings.Contains(flags, "g") {
			break
		}
		if at = found[1]; found[0] == found[1] {
			_, width := utf8.DecodeRuneInString(text[at:])
			at += max(1, width)
		}
	}
	return matches
}

const matchBytes = 640 // size of the object for a match or group

// described returns a match as an object of jq.
func described(text string, found []int, names []string, place func(int) int) map[string]any {
	object := func(from, to int) map[string]any {
		start := place(from)
		return map[string]any{"offset": start, "length": place(to) - start, "string": text[from:to]}
	}
	out := object(found[0], found[1])
	captures := make([]any, len(found)/2-1)
	for i := range captures {
		from, to := found[2*i+2], found[2*i+3]
		captured := map[string]any{"offset": -1, "length": 0, "string": nil}
		if from >= 0 {
			captured = object(from, to)
		}
		captured["name"] = nil
		if name := names[i+1]; name != "" {
			captured["name"] = name
		}
		captures[i] = captured
	}
	out["captures"] = captures
	return out
}

// compiled returns a compiled regular expression, from the cache if possible.
func (b *budget) compiled(source, flags string) (*pattern, error) {
	if p := b.patterns[[2]string{source, flags}]; p != nil {
		return p, nil
	}
	if strings.Trim(flags, "gim") != "" {
		return nil, fmt.Errorf("unsupported regular expression flag: %q", flags)
	}
	whole := source
	if strings.Contains(flags, "i") {
		whole = "(?i)" + whole
	}
	if strings.Contains(flags, "m") {
		whole = "(?s)" + whole
	}
	if len(whole) > maxInstructions {
		return nil, b.fail(ErrLarge)
	}
	tree, err := syntax.Parse(whole, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("invalid regular expression %q: %w", clip.Text(whole, 200), err)
	}
	size := instructions(tree)
	if size > maxInstructions {
		return nil, b.fail(ErrLarge)
	}
	if err := b.take(400*size, 400*size); err != nil {
		return nil, err
	}
	p := &pattern{size: size}
	if p.first, err = regexp.Compile(whole); err != nil {
		return nil, fmt.Errorf("invalid regular expression %q: %w", clip.Text(whole, 200), err)
	}
	if p.later, err = regexp.Compile(`\A(?s:.)(?s:.)*?(` + whole + `)`); err != nil {
		return nil, fmt.Errorf("invalid regular expression %q: %w", clip.Text(whole, 200), err)
	}
	if b.patterns == nil || len(b.patterns) >= maxPatterns {
		b.patterns = map[[2]string]*pattern{}
	}
	b.patterns[[2]string{source, flags}] = p
	return p, nil
}

// maxPatterns is the size of the cache of compiled expressions.
const maxPatterns = 16

// instructions estimates the number of instructions of a compiled expression: repetitions are
// unrolled.
func instructions(re *syntax.Regexp) int64 {
	n := int64(1)
	for _, sub := range re.Sub {
		n = plus(n, instructions(sub))
	}
	switch re.Op {
	case syntax.OpLiteral:
		n += int64(len(re.Rune))
	case syntax.OpCharClass:
		n += int64(len(re.Rune)) / 8
	case syntax.OpRepeat:
		n = times(n, int64(max(re.Max, re.Min, 1)))
	}
	return n
}

// find returns the first match at or after an offset, as offsets in the text. It returns nil if
// there is none or if the budget is spent.
func (p *pattern) find(b *budget, text string, at int) []int {
	before := 0
	if at > 0 {
		_, before = utf8.DecodeLastRuneInString(text[:at])
	}
	rest := text[at-before:]
	re := p.first
	if at > 0 {
		re = p.later
	}
	cost := times(int64(len(rest))+1, p.size)
	var found []int
	if cost <= uncheckedWork {
		if b.take(0, cost/16) != nil {
			return nil
		}
		found = re.FindStringSubmatchIndex(rest)
	} else {
		found = re.FindReaderSubmatchIndex(&runes{text: rest, budget: b})
		if b.err != nil {
			return nil
		}
	}
	if found == nil || at == 0 {
		return found
	}
	found = found[2:] // the whole match includes the rune before
	for i, place := range found {
		if place >= 0 {
			found[i] = place + at - before
		}
	}
	return found
}

// runes reads a text until the time is over.
type runes struct {
	text   string
	at     int
	read   int
	budget *budget
}

// ReadRune implements io.RuneReader.
func (r *runes) ReadRune() (rune, int, error) {
	if r.read++; r.read%runesPerCheck == 0 && r.budget.take(0, 0) != nil {
		return 0, 0, io.EOF
	}
	if r.at >= len(r.text) {
		return 0, 0, io.EOF
	}
	c, width := utf8.DecodeRuneInString(r.text[r.at:])
	r.at += width
	return c, width, nil
}

// splice is jq's sub: it replaces matches. The arguments are the matches and, for each of them, the
// replacement texts. The number of results is that of the longest list of replacements.
func (b *budget) splice(v any, args []any) any {
	text, isText := v.(string)
	matches, isMatches := args[0].([]any)
	texts, isTexts := args[1].([]any)
	if !isText || !isMatches || !isTexts || len(texts) != len(matches) {
		return fmt.Errorf("sub needs a string")
	}
	var results []*strings.Builder
	next, counted := 0, 0 // position in bytes and in runes
	forward := func(n int) int {
		at := next
		for range n - counted {
			_, width := utf8.DecodeRuneInString(text[at:])
			at += width
		}
		return at
	}
	for i := range matches {
		match, _ := matches[i].(map[string]any)
		offset, _ := match["offset"].(int)
		length, _ := match["length"].(int)
		from := forward(offset)
		between := text[next:from]
		instead, _ := texts[i].([]any)
		for k, one := range instead {
			s, ok := one.(string)
			if !ok {
				return fmt.Errorf("sub needs strings as replacements, not %s", gojq.TypeOf(one))
			}
			if err := b.take(2*int64(len(between)+len(s)), 0); err != nil {
				return err
			}
			if k == len(results) {
				results = append(results, &strings.Builder{})
			}
			results[k].WriteString(between)
			results[k].WriteString(s)
		}
		next, counted = from, offset
		next, counted = forward(offset+length), offset+length
	}
	if len(results) == 0 {
		return []any{text}
	}
	out := make([]any, len(results))
	for k, r := range results {
		if err := b.take(2*int64(len(text)-next), 0); err != nil {
			return err
		}
		r.WriteString(text[next:])
		out[k] = r.String()
	}
	return out
}
