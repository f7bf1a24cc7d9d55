package fault

import (
	"bytes"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// place is where a scheme writes a signature: a header line, a query parameter or a member of the
// body.
type place struct {
	header, query string
	path          string // of the member, in the syntax of sjson
	label         string // the text before each signature
}

// places returns where a scheme writes its signatures, each place once: a signature that is
// appended is in a place that is listed. Of a scope it returns the first item: one wrong item is
// enough.
func places(scheme *signature.Scheme) []place {
	var list []place
	for _, s := range scheme.Signatures {
		for _, e := range s.Emit {
			if signed(e) && e.Append == "" {
				list = append(list, place{e.Header, e.Query, memberPath(s.Scope, e.Body), labelOf(e.Value, e.Each)})
			}
		}
	}
	return list
}

// memberPath returns JSON pointers as a path of sjson; "*" is the first element.
func memberPath(pointers ...string) string {
	var path []string
	for _, p := range pointers {
		for token := range strings.SplitSeq(strings.TrimPrefix(p, "/"), "/") {
			switch {
			case p == "":
			case token == "*":
				path = append(path, "0")
			default:
				path = append(path, gjson.Escape(strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")))
			}
		}
	}
	return strings.Join(path, ".")
}

// get returns the text at the place, and whether there is any.
func (p place) get(m *wire.Message) (string, bool) {
	switch {
	case p.header != "":
		return m.Headers.Lookup(p.header)
	case p.query != "":
		_, query, _ := strings.Cut(m.Target, "?")
		for field := range strings.SplitSeq(query, "&") {
			if value, ok := p.parameter(field); ok {
				return value, true
			}
		}
		return "", false
	}
	found := gjson.GetBytes(m.Body, p.path)
	return found.String(), found.Exists()
}

// parameter returns the value of a query's field, if the field is at the place.
func (p place) parameter(field string) (value string, ok bool) {
	name, value, _ := strings.Cut(field, "=")
	if name, err := url.QueryUnescape(name); err != nil || name != p.query {
		return "", false
	}
	value, err := url.QueryUnescape(value)
	return value, err == nil
}

// put replaces the text at the place or, without keep, removes the place. Everything else keeps its
// bytes.
func (p place) put(m *wire.Message, text string, keep bool) error {
	switch {
	case p.header != "" && keep:
		m.Headers.Set(p.header, text)
	case p.header != "":
		m.Headers.Del(p.header)
	case p.query != "":
		path, query, _ := strings.Cut(m.Target, "?")
		var fields []string
		for field := range strings.SplitSeq(query, "&") {
			if _, ok := p.parameter(field); ok {
				if !keep {
					continue
				}
				name, _, _ := strings.Cut(field, "=")
				field = name + "=" + url.QueryEscape(text)
			}
			fields = append(fields, field)
		}
		if m.Target = path; len(fields) > 0 {
			m.Target += "?" + strings.Join(fields, "&")
		}
	default:
		body, err := bytes.Clone(m.Body), error(nil)
		if keep {
			body, err = sjson.SetBytes(body, p.path, text)
		} else {
			body, err = sjson.DeleteBytes(body, p.path)
		}
		if err != nil {
			return fmt.Errorf("change the body's member %s: %w", p.path, err)
		}
		setBody(m, body)
	}
	return nil
}

// setBody replaces the body, and the length in a Content-Length line.
func setBody(m *wire.Message, body []byte) {
	m.Body = body
	for i := range m.Headers {
		if strings.EqualFold(m.Headers[i].Name, "Content-Length") {
			m.Headers[i].Value = strconv.Itoa(len(body))
		}
	}
}
