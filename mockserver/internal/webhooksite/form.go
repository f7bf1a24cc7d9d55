package webhooksite

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"strings"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// maxFields bounds how many fields and files of a form are shown; the body has all.
const maxFields = 1000

// form is a body read as a form.
type form struct {
	isJSON bool
	fields map[string]any // text, or a list of texts; nil when the body is no form
	files  []file
}

// file is a file in a form.
type file struct {
	field, name, kind string
	data              []byte
}

func formOf(c *journal.Capture) form {
	kind, parameters, err := mime.ParseMediaType(c.Headers.Get("Content-Type"))
	switch {
	case err != nil && kind == "":
		return form{}
	case kind == "application/json" || strings.HasSuffix(kind, "+json"):
		return form{isJSON: true}
	case kind == "application/x-www-form-urlencoded":
		return form{fields: pairs(string(c.Body))}
	case kind == "multipart/form-data" && parameters["boundary"] != "":
		return partsOf(c.Body, parameters["boundary"])
	}
	return form{}
}

// partsOf reads the parts of a multipart body, as far as it can.
func partsOf(body []byte, boundary string) form {
	f := form{fields: map[string]any{}}
	reader := multipart.NewReader(bytes.NewReader(body), boundary)
	for range maxFields {
		part, err := reader.NextRawPart()
		if err != nil {
			return f
		}
		data, err := io.ReadAll(part)
		if err != nil {
			return f
		}
		name := part.FormName()
		if part.FileName() == "" {
			addValue(f.fields, name, string(data))
			continue
		}
		f.files = append(f.files, file{name, part.FileName(), part.Header.Get("Content-Type"), data})
	}
	return f
}

// pairs reads "a=1&b=2" of a query string or a form, or nil when there is none. A repeated name,
// and one that ends in "[]", has a list of values, as in PHP.
func pairs(raw string) map[string]any {
	var all map[string]any
	n := 0
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		if n++; n > maxFields {
			break
		}
		name, value, _ := strings.Cut(pair, "=")
		if all == nil {
			all = map[string]any{}
		}
		addValue(all, unescape(name), unescape(value))
	}
	return all
}

// unescape decodes a text of a query string; what is not well-formed stays as it is.
func unescape(text string) string {
	if decoded, err := url.QueryUnescape(text); err == nil {
		return decoded
	}
	return text
}

// addValue adds a value under a name.
func addValue(to map[string]any, name string, value any) {
	name, listed := strings.CutSuffix(name, "[]")
	before, again := to[name]
	switch list, isList := before.([]any); {
	case isList:
		to[name] = append(list, value)
	case again:
		to[name] = []any{before, value}
	case listed:
		to[name] = []any{value}
	default:
		to[name] = value
	}
}
