package content

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"mime/quotedprintable"
	"net/textproto"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/hookrig/hookrig/fixtures/signature"
)

// Value returns the body as jq sees it: the value of JSON, with exact numbers, whatever the
// Content-Type; else the text.
func (b *Body) Value() any {
	v, err := b.JSON()
	if err != nil {
		return string(b.Bytes)
	}
	return v
}

// JSON returns the value of a JSON body. Its numbers are json.Number. The error has line and
// column.
func (b *Body) JSON() (any, error) {
	if n := weight(b.Bytes); !b.take(n) {
		return nil, b.tooBig(n)
	}
	var v any
	if err := b.decode(&v); err != nil {
		return nil, err
	}
	return v, nil
}

// CheckJSON returns the error of JSON without creating the value.
func (b *Body) CheckJSON() error { return b.decode(new(json.RawMessage)) }

// decode decodes the JSON body into v. The error has line and column.
func (b *Body) decode(v any) error {
	decoder := json.NewDecoder(bytes.NewReader(b.Bytes))
	decoder.UseNumber()
	err := decoder.Decode(v)
	if err == nil {
		if _, err = decoder.Token(); err == io.EOF { //nolint:errorlint // never wrapped
			return nil
		}
		return errors.New(b.place(decoder.InputOffset()) + ": something follows the value")
	}
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("%s: %w", b.place(syntax.Offset), err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%s: the text ends too early", b.place(int64(len(b.Bytes))))
	case errors.Is(err, io.EOF):
		return errors.New("the body is empty")
	}
	return err
}

// place returns the line and column of a byte of the body, both from 1.
func (b *Body) place(offset int64) string {
	before := b.Bytes[:min(max(offset-1, 0), int64(len(b.Bytes)))]
	line, column := 1+bytes.Count(before, []byte("\n")), 1+len([]rune(string(before[bytes.LastIndexByte(before, '\n')+1:])))
	return fmt.Sprintf("line %d, column %d", line, column)
}

// SaysJSON reports whether the Content-Type is that of JSON.
func (b *Body) SaysJSON() bool {
	return b.MediaType == "application/json" || strings.HasSuffix(b.MediaType, "+json") || b.MediaType == "text/json"
}

// Form returns the form fields of the body: of application/x-www-form-urlencoded, or the parts of
// multipart/form-data that are not files. A repeated field is a list of strings, any other is a
// string. Form returns nil if the body is not a form or needs too much memory.
func (b *Body) Form() map[string]any {
	switch b.MediaType {
	case "application/x-www-form-urlencoded":
		if !b.take(weightOfForm(b.Bytes)) {
			return nil
		}
		return fields(string(b.Bytes), b.params["charset"])
	case "multipart/form-data":
		form := map[string]any{}
		parts, _ := b.Parts() // as far as they can be read
		for _, p := range parts {
			if p.Name != "" && p.FileName == "" {
				add(form, p.Name, string(p.Body))
			}
		}
		return form
	}
	return nil
}

// fields parses name=value pairs joined by "&". Escaped bytes that are not UTF-8 are read in the
// character set, if it is not "". A pair with invalid escapes stays as it was sent.
func fields(text, charset string) map[string]any {
	out := map[string]any{}
	for pair := range strings.SplitSeq(text, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		add(out, unescaped(name, charset), unescaped(value, charset))
	}
	return out
}

func unescaped(text, charset string) string {
	plain, err := url.QueryUnescape(text)
	if err != nil {
		return text
	}
	if charset != "" && !utf8.ValidString(plain) {
		if read, _, err := inUTF8([]byte(plain), "", charset); err == nil {
			return string(read)
		}
	}
	return plain
}

// add adds a value to those of a name.
func add(to map[string]any, name string, value any) {
	switch before := to[name].(type) {
	case nil:
		to[name] = value
	case []any:
		to[name] = append(before, value)
	default:
		to[name] = []any{before, value}
	}
}

// Part is one part of a multipart body.
type Part struct {
	Name     string // of the form field, or ""
	FileName string // "" for a field that is not a file
	Headers  textproto.MIMEHeader
	Body     []byte // decoded by its Content-Type and Content-Transfer-Encoding
	Type     string // the media type; "" without a Content-Type
	Parts    []Part // of a part that is multipart
	Problem  string // why decoding failed; "" on success
}

// These bound what is read of one multipart body.
const (
	maxParts  = 1000
	maxNested = 4 // levels
)

// Parts returns the parts of a multipart body that can be read, or nil for another body. The error
// says why the rest cannot be read.
func (b *Body) Parts() ([]Part, error) { return b.partsDown(maxNested) }

func (b *Body) partsDown(levels int) ([]Part, error) {
	if !strings.HasPrefix(b.MediaType, "multipart/") || len(b.Bytes) == 0 {
		return nil, nil
	}
	boundary := b.params["boundary"]
	if boundary == "" {
		return nil, fmt.Errorf("the parts cannot be separated: the Content-Type has no boundary: want %s; boundary=…", b.MediaType)
	}
	parts := []Part{}
	reader := multipart.NewReader(bytes.NewReader(b.Bytes), boundary)
	for {
		p, err := reader.NextRawPart()
		switch {
		case err == io.EOF: //nolint:errorlint // never wrapped
			return parts, nil
		case err != nil && len(parts) == 0 && !bytes.Contains(b.Bytes, []byte("--"+boundary)):
			return parts, fmt.Errorf("the parts cannot be separated: no line is the boundary \"--%s\"", boundary)
		case err != nil:
			return parts, fmt.Errorf("part %d cannot be read: %w", len(parts)+1, cutPart(err, boundary))
		case len(parts) == maxParts:
			return parts, fmt.Errorf("there are more than %d parts; the rest is not read", maxParts)
		}
		raw, err := io.ReadAll(p)
		parts = append(parts, newPart(p, raw, levels))
		if err != nil {
			return parts, fmt.Errorf("part %d cannot be read: %w", len(parts), cutPart(err, boundary))
		}
	}
}

// cutPart returns the error of a truncated part.
func cutPart(err error, boundary string) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fmt.Errorf("the body ends too early, without the line \"--%s--\"", boundary)
	}
	return err
}

// newPart decodes a part.
func newPart(p *multipart.Part, raw []byte, levels int) Part {
	part := Part{Name: p.FormName(), FileName: p.FileName(), Headers: p.Header, Body: raw}
	var params map[string]string
	part.Type, params = mediaType(p.Header.Get("Content-Type"))
	body, err := transferred(raw, p.Header.Get("Content-Transfer-Encoding"))
	if err != nil {
		part.Problem = err.Error()
		return part
	}
	part.Body = body
	if part.Type == "" || strings.HasPrefix(part.Type, "text/") || strings.HasSuffix(part.Type, "json") {
		text, _, err := inUTF8(body, part.Type, params["charset"])
		if err != nil {
			part.Problem = err.Error()
			return part
		}
		part.Body = text
	}
	if levels > 1 {
		// the outer body creates its values
		nested := Body{Bytes: body, MediaType: part.Type, params: params}
		if part.Parts, err = nested.partsDown(levels - 1); err != nil {
			part.Problem = err.Error()
		}
	}
	return part
}

// transferred undoes a Content-Transfer-Encoding.
func transferred(body []byte, encoding string) ([]byte, error) {
	var r io.Reader
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "quoted-printable":
		r = quotedprintable.NewReader(bytes.NewReader(body))
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, bytes.NewReader(body))
	default:
		return body, nil
	}
	out, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("the part cannot be decoded as %s: %w", strings.ToLower(strings.TrimSpace(encoding)), early(err))
	}
	return out, nil
}

// partsByName returns the parts by name as jq sees them. Parts with the same name are a list.
func (b *Body) partsByName(list []Part) map[string]any {
	if list == nil {
		return nil
	}
	out := map[string]any{}
	for _, p := range list {
		headers := map[string]any{}
		for name, values := range p.Headers {
			lines := make([]any, len(values))
			for i := range values {
				lines[i] = values[i]
			}
			headers[strings.ToLower(name)] = lines
		}
		part := map[string]any{"name": p.Name, "size": len(p.Body), "headers": headers, "body": b.valueOf(p)}
		part["filename"], part["content_type"] = orNull(p.FileName), orNull(p.Type)
		if p.Parts != nil {
			part["parts"] = b.partsByName(p.Parts)
		}
		add(out, p.Name, part)
	}
	return out
}

// valueOf returns a part's body as jq sees it, within the memory that the whole body has left.
func (b *Body) valueOf(p Part) any {
	of := Body{Bytes: p.Body, left: b.left}
	v := of.Value()
	b.left = of.left
	return v
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// Members returns the names of the members of Root.
func Members() []string {
	return []string{"method", "path", "query", "params", "headers", "body", "form", "parts"}
}

// Root returns the input of a jq expression for a message:
//
//	method   "POST"
//	path     as it was sent, without the query
//	query    as it was sent, "" if there is none
//	params   query parameters: a string, or a list of strings for a repeated name
//	headers  {name in lower case: [values]}
//	body     decoded: the value of JSON, with exact numbers; else the text
//	form     the fields of a form, like params; null for another body
//	parts    the parts of a multipart body by name: {name, filename, content_type, size, headers,
//	         body}, with parts if the part is multipart; null for another body
//
// room limits the memory of its values, in bytes (Ample where little is read at a time). Larger
// JSON is text, and a larger form is null. If room is 0, body, form and parts are null.
func Root(m *signature.Message, room int64) map[string]any {
	path, query, _ := strings.Cut(Path(m.Target), "?")
	headers := make(map[string]any, len(m.Headers))
	for i := range m.Headers {
		name := strings.ToLower(m.Headers[i].Name)
		values, _ := headers[name].([]any)
		headers[name] = append(values, m.Headers[i].Value)
	}
	root := map[string]any{"method": m.Method, "path": path, "query": query, "params": fields(query, ""), "headers": headers, "body": nil, "form": nil, "parts": nil}
	if room == 0 {
		return root
	}
	b := Decode(m)
	b.Within(room)
	root["body"] = b.Value()
	if form := b.Form(); form != nil {
		root["form"] = form
	}
	if parts, _ := b.Parts(); parts != nil {
		root["parts"] = b.partsByName(parts)
	}
	return root
}

// Params returns the query parameters of a target in the form of Root.
func Params(target string) map[string]any {
	_, query, _ := strings.Cut(Path(target), "?")
	return fields(query, "")
}

// Path returns the path and query of a request target, without scheme and host. It returns "" if
// there is no path.
func Path(target string) string {
	if strings.HasPrefix(target, "/") {
		return target
	}
	_, rest, ok := strings.Cut(target, "://")
	slash := strings.IndexByte(rest, '/')
	if !ok || slash < 0 {
		return ""
	}
	return rest[slash:]
}
