package redact

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// container is an open object or array.
type container struct {
	hide  bool // all of its content is secret
	named bool // a member such as "name" names a secret, which is in the next "value"
}

// json redacts the members of JSON. If text is not complete JSON (truncated, or JSON within other
// text), it redacts all members that it can find.
func (p *Pass) json(text []byte, whole bool) []byte {
	var out []byte // nil while nothing changed
	copied := 0
	replace := func(from, to int, with string) {
		out = append(append(out, text[copied:from]...), with...)
		copied = to
	}
	stack := []container{{}}
	top := func() *container { return &stack[len(stack)-1] }
	member, pending := "", false
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '{' || c == '[':
			stack = append(stack, container{hide: pending || top().hide})
			pending, member = false, ""
			i++
		case c == '}' || c == ']':
			if len(stack) > 1 {
				stack = stack[:len(stack)-1]
			}
			pending = false
			i++
		case c == ',':
			pending, member = false, ""
			i++
		case c == '"':
			within := len(text)
			if !whole && !pending && !top().hide { // only a name is needed
				within = min(i+longestName+2, within)
			}
			end, closed := stringEnd(text[:within], i)
			colon := afterSpace(text, end)
			if closed && colon < len(text) && text[colon] == ':' && end-i <= longestName {
				member = unquoteJSON(text[i:end])
				pending = p.is(member, anywhere) || top().named && isValueName(member)
				if plain := p.value(member); whole && plain != member {
					replace(i, end, quoteJSON(plain))
				}
				i = colon + 1
				continue
			}
			if pending || top().hide {
				if plain := unquoteJSON(text[i:end]); plain != "" && plain != Word && !placeholder.MatchString(plain) {
					p.took(member, plain)
					with := `"` + Word + `"`
					if !closed {
						with = `"` + Word
					}
					replace(i, end, with)
				}
				pending = false
				i = end
				continue
			}
			if isNameName(member) && end-i <= longestName && p.is(unquoteJSON(text[i:end]), anywhere) {
				top().named = true
			}
			if !whole {
				i++ // the quote may belong to text around the JSON
				continue
			}
			plain := unquoteJSON(text[i:end])
			if changed := p.value(plain); changed != plain {
				replace(i, end, quoteJSON(changed))
			}
			i = end
		case (pending || top().hide) && (c == '-' || '0' <= c && c <= '9'):
			end := i + 1
			for end < len(text) && strings.IndexByte("0123456789.eE+-", text[end]) >= 0 {
				end++
			}
			if number := string(text[i:end]); number != "0" && !strings.HasSuffix(strings.ToLower(member), "tokens") {
				p.note(member, number)
				replace(i, end, "0")
			}
			i = end
		default:
			i++
		}
	}
	if out == nil {
		return text
	}
	return append(out, text[copied:]...)
}

// stringEnd returns the end of the string that begins at i, and whether it is closed.
func stringEnd(text []byte, i int) (end int, closed bool) {
	for k := i + 1; k < len(text); k++ {
		switch text[k] {
		case '\\':
			k++
		case '"':
			return k + 1, true
		}
	}
	return len(text), false
}

func afterSpace(text []byte, i int) int {
	for i < len(text) && (text[i] == ' ' || text[i] == '\t' || text[i] == '\n' || text[i] == '\r') {
		i++
	}
	return i
}

func unquoteJSON(quoted []byte) string {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return strings.Trim(string(quoted), `"`)
	}
	var plain string
	if err := json.Unmarshal(quoted, &plain); err != nil {
		return strings.Trim(string(quoted), `"`)
	}
	return plain
}

func quoteJSON(text string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(text) // a string can always be encoded
	return strings.TrimSuffix(b.String(), "\n")
}

// isNameName and isValueName match members of field lists like [{"name": "password", "value":
// "…"}].
func isNameName(member string) bool {
	switch strings.ToLower(member) {
	case "name", "key", "field", "header", "param", "parameter":
		return true
	}
	return false
}

func isValueName(member string) bool {
	switch strings.ToLower(member) {
	case "value", "val", "values", "content":
		return true
	}
	return false
}

// jsonLines redacts complete JSON, or one document on each line. ok reports whether body is that.
func (p *Pass) jsonLines(body []byte) (out []byte, ok bool) {
	trimmed := bytes.TrimLeft(body, " \t\r\n")
	if len(trimmed) == 0 || strings.IndexByte(`{["`, trimmed[0]) < 0 {
		return body, false
	}
	if json.Valid(body) {
		return p.json(body, true), true
	}
	lines := bytes.SplitAfter(body, []byte("\n"))
	for _, line := range lines {
		if len(bytes.TrimSpace(line)) > 0 && !json.Valid(line) {
			return body, false
		}
	}
	for _, line := range lines {
		out = append(out, p.json(line, true)...)
	}
	return out, true
}

// untyped redacts a body without a known type.
func (p *Pass) untyped(body []byte) []byte {
	if out, ok := p.jsonLines(body); ok {
		return out
	}
	if isForm(body) {
		return []byte(p.form(string(body)))
	}
	if !utf8.Valid(body) {
		return p.json(body, false) // changes only members with the name of a secret
	}
	return []byte(p.Text(string(body)))
}
