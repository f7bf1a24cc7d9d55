package fault

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// reserialize writes the same JSON in other bytes, and signs those.
func reserialize() row {
	return row{
		Kind: Kind{
			Name: "body:reserialize", Text: "write the same JSON in other bytes: with spaces, indented, its members in reverse order, beyond ASCII as \\u00e9, or / as \\/",
			Changes: "the bytes of the body, not what they say", SignedAgain: true, Signature: Valid,
			Finds:  "The consumer checks the signature over JSON that it has written anew, instead of over the bytes received.",
			Source: "Standard Webhooks, a very common failure mode; AdCP test vectors, spaced-python-default, pretty-printed, unicode-*",
		},
		arg:    oneOf("spaced", "pretty", "reordered", "ascii", "escaped"),
		groups: []string{"body"},
		prepare: func(arg string, r *Request) error {
			doc, err := r.document()
			if err != nil {
				return err
			}
			body := rewritten(arg, r.Message.Body, doc)
			if bytes.Equal(body, r.Message.Body) {
				return fmt.Errorf("the body has nothing that this writes in other bytes: choose another form, or set a member (--set) that it changes")
			}
			r.setBody(body)
			return nil
		},
	}
}

// rewritten returns valid JSON in other bytes.
func rewritten(form string, body []byte, doc gjson.Result) []byte {
	var out bytes.Buffer
	switch form {
	case "spaced":
		return inTokens(body, func(dst []byte, c byte) []byte {
			switch c {
			case ' ', '\t', '\r', '\n':
				return dst
			case ',', ':':
				return append(dst, c, ' ')
			}
			return append(dst, c)
		}, nil)
	case "pretty":
		_ = json.Indent(&out, bytes.TrimSpace(body), "", "  ")
		return out.Bytes()
	case "reordered":
		return slices.Concat(body[:doc.Index], reversed(doc), body[doc.Index+len(doc.Raw):])
	case "ascii":
		return inTokens(body, nil, func(dst, text []byte) []byte {
			for len(text) > 0 {
				c, size := utf8.DecodeRune(text)
				switch {
				case c < utf8.RuneSelf || c == utf8.RuneError:
					dst = append(dst, text[:size]...)
				default:
					for _, unit := range utf16.Encode([]rune{c}) {
						dst = fmt.Appendf(dst, `\u%04x`, unit)
					}
				}
				text = text[size:]
			}
			return dst
		})
	}
	return inTokens(body, nil, func(dst, text []byte) []byte {
		for i, c := range text {
			if c == '/' && text[i-1] != '\\' {
				dst = append(dst, '\\')
			}
			dst = append(dst, c)
		}
		return dst
	})
}

// inTokens rewrites valid JSON: strings, quotes included, by text, and the bytes between them by
// other. A nil function copies.
func inTokens(body []byte, other func(dst []byte, c byte) []byte, text func(dst, token []byte) []byte) []byte {
	dst := make([]byte, 0, len(body)+len(body)/8)
	for i := 0; i < len(body); {
		if body[i] != '"' {
			if other != nil {
				dst = other(dst, body[i])
			} else {
				dst = append(dst, body[i])
			}
			i++
			continue
		}
		end := i + 1
		for body[end] != '"' {
			if body[end] == '\\' {
				end++
			}
			end++
		}
		end++
		if text != nil {
			dst = text(dst, body[i:end])
		} else {
			dst = append(dst, body[i:end]...)
		}
		i = end
	}
	return dst
}

// reversed returns a value with the members of every object in reverse order. White space stays
// where it is.
func reversed(v gjson.Result) []byte {
	if v.Type != gjson.JSON {
		return []byte(v.Raw)
	}
	var members, between [][]byte
	at := 0
	v.ForEach(func(key, value gjson.Result) bool {
		from := value.Index - v.Index
		if v.IsObject() {
			from = key.Index - v.Index
		}
		between = append(between, []byte(v.Raw[at:from]))
		start := value.Index - v.Index
		members = append(members, slices.Concat([]byte(v.Raw[from:start]), reversed(value)))
		at = start + len(value.Raw)
		return true
	})
	if v.IsObject() {
		slices.Reverse(members)
	}
	var b []byte
	for i := range members {
		b = append(append(b, between[i]...), members[i]...)
	}
	return append(b, v.Raw[at:]...)
}
