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

// mostFields bounds how many fields and files of a form are shown; the body has them all.
const mostFields = 1000

// form is what a body says as a form.
type form struct {
	isJSON bool
	fields map[string]any // text, or a list of texts; nil: it is no form
	files  []file
}

// file is one that a form carries.
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

// partsOf takes a multipart body apart, as far as it can be read.
func partsOf(body []byte, boundary string) form {
	f := form{fields: map[string]any{}}
	reader := multipart.NewReader(bytes.NewReader(body), boundary)
	for range mostFields {
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

// pairs reads "a=1&b=2" as it stands in a query string or a form. A name that comes again has a list of values, and so
// has one that ends in "[]", as PHP has it. nil when there is none.
func pairs(raw string) map[string]any {
	var all map[string]any
	n := 0
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		if n++; n > mostFields {
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

// unescape decodes text of a query string; what is not well-formed stays as it is.
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
