package export

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/internal/clip"
	"github.com/hookrig/hookrig/internal/content"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

func base64Of(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// These types have the members of an entry that are read. Programs write the others in many forms.
type (
	readEntry struct {
		StartedDateTime string          `json:"startedDateTime"`
		Request         readRequest     `json:"request"`
		Response        json.RawMessage `json:"response"`
		Extension       *harExtension   `json:"_hookrig"`
	}
	readRequest struct {
		Method      string      `json:"method"`
		URL         string      `json:"url"`
		HTTPVersion string      `json:"httpVersion"`
		Headers     []harPair   `json:"headers"`
		PostData    *readPosted `json:"postData"`
	}
	// readPosted is postData. HAR 1.2 has encoding only for the content of a response. HAR 1.3 and
	// this package have it for a request too.
	readPosted struct {
		MimeType string      `json:"mimeType"`
		Text     string      `json:"text"`
		Encoding string      `json:"encoding"`
		Params   []readParam `json:"params"`
	}
	readParam struct {
		Name string `json:"name"`
		// A string; some programs write other JSON values.
		Value       json.RawMessage `json:"value"`
		FileName    string          `json:"fileName"`
		ContentType string          `json:"contentType"`
	}
	readResponse struct {
		Status  int       `json:"status"`
		Headers []harPair `json:"headers"`
		Content struct {
			Text     string `json:"text"`
			Encoding string `json:"encoding"`
		} `json:"content"`
	}
)

// parseEntry converts an entry to a capture. It restores an entry of this package exactly, and
// converts an entry of another program to the request that HTTP/1 would have sent.
func parseEntry(raw []byte) (c journal.Capture, notes []string, err error) {
	var e readEntry
	if err := json.Unmarshal(raw, &e); err != nil {
		return c, nil, fmt.Errorf("%w: want a HAR entry: %w", ErrInvalid, err)
	}
	if ext := e.Extension; ext == nil {
		if err := e.Request.sentOverHTTP(); err != nil {
			return c, nil, err
		}
	}
	var note string
	if c.At, note, err = parseStarted(e.StartedDateTime); err != nil {
		return c, nil, err
	}
	if note != "" {
		notes = append(notes, note)
	}
	c.Method, c.Version = e.Request.Method, e.Request.HTTPVersion
	for _, h := range e.Request.Headers {
		c.Headers = append(c.Headers, signature.Header(h))
	}
	if e.Extension != nil {
		if c.Body, err = e.Request.PostData.bytes(); err != nil {
			return c, nil, err
		}
		ext := e.Extension
		c.ID, c.Bin, c.Seq, c.Peer, c.Target = ext.ID, ext.Bin, ext.Seq, ext.Peer, ext.Target
		c.Response, c.Verification, c.Problems = cmp.Or(ext.Response, ext.Reply), ext.Verification, ext.Problems
		ext.Head.restore(&c.Message)
		return c, notes, check(&c)
	}
	more, err := e.Request.convert(&c.Message)
	if err != nil {
		return c, nil, err
	}
	notes = append(notes, more...)
	if err := wire.CheckHead(&c.Message); err != nil {
		return c, nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	c.Response, note = parseResponse(e.Response)
	if note != "" {
		notes = append(notes, note)
	}
	return c, notes, check(&c)
}

// sentOverHTTP returns ErrNotHTTP for a request that a browser never sent over HTTP.
func (r *readRequest) sentOverHTTP() error {
	scheme, _, ok := strings.Cut(r.URL, ":")
	if !ok || !httpguts.ValidHeaderFieldName(scheme) || strings.Contains(scheme, ".") {
		return nil // convert reports the invalid URL
	}
	switch strings.ToLower(scheme) {
	case "http", "https", "ws", "wss":
		return nil
	case "data", "blob", "about", "file", "javascript", "filesystem":
	default:
		if !strings.Contains(r.URL, "://") {
			return nil // host:port without a scheme
		}
	}
	return fmt.Errorf("%w: url %s", ErrNotHTTP, clip.Quote(r.URL))
}

// convert converts the request of a browser or proxy to one of HTTP/1. The notes say what it
// assumed for missing data.
func (r *readRequest) convert(m *wire.Message) (notes []string, err error) {
	u, err := url.Parse(r.URL)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("%w: url %.200q: want an absolute URL", ErrInvalid, r.URL)
	}
	m.Target = u.RequestURI()
	m.Version = versionOf(m.Version)
	headers := make(signature.Headers, 0, len(m.Headers)+1)
	for _, h := range m.Headers {
		switch {
		case strings.HasPrefix(h.Name, ":"): // pseudo-headers of HTTP/2
		case strings.HasPrefix(h.Name, m.Method+" "): // written by WebPageTest
			notes = append(notes, "the archive has the request line among the header lines: removed")
		default:
			headers = append(headers, h)
		}
	}
	m.Headers = headers
	if _, ok := m.Headers.Lookup("Host"); !ok {
		m.Headers = append(signature.Headers{{Name: "Host", Value: u.Host}}, m.Headers...)
	}
	more, err := r.PostData.body(m)
	if err != nil {
		return nil, err
	}
	return slices.Concat(notes, more, fitBody(m)), nil
}

// versionOf returns the version of HTTP as in a request line. An unknown version is HTTP/1.1.
func versionOf(text string) string {
	switch version := strings.ToUpper(strings.TrimSpace(text)); {
	case version == "HTTP/1.0" || version == "HTTP/1.1":
		return version
	case version == "H2" || version == "H2C" || strings.HasPrefix(version, "HTTP/2") || strings.HasPrefix(version, "SPDY"):
		return "HTTP/2.0"
	case strings.HasPrefix(version, "H3") || strings.HasPrefix(version, "HTTP/3") || strings.Contains(version, "QUIC"):
		return "HTTP/3.0"
	}
	return "HTTP/1.1"
}

// fitBody makes the head match the body. Many programs store a decoded body with the original head.
func fitBody(m *wire.Message) (notes []string) {
	codings := m.Headers.Values("Content-Encoding")
	if len(m.Body) > 0 && len(codings) > 0 && content.Decode(m).Problem != "" {
		if strings.ContainsRune(string(m.Body), '\ufffd') {
			notes = append(notes, fmt.Sprintf("the archive does not have the exact bytes of the body (Content-Encoding: %s, and its text contains U+FFFD): its text is used", strings.Join(codings, ", ")))
		} else {
			m.Headers.Del("Content-Encoding")
			notes = append(notes, fmt.Sprintf("the archive has the decoded body: Content-Encoding %s removed", strings.Join(codings, ", ")))
		}
	}
	stated := len(m.Headers.Values("Content-Length"))+len(m.Headers.Values("Transfer-Encoding")) > 0
	if stated && !wire.Whole(m) {
		fitted := *m // only framing lines are copied from it
		for _, note := range wire.Refit(&fitted) {
			if strings.Contains(note, "Content-Length") || strings.Contains(note, "Transfer-Encoding") {
				notes = append(notes, note)
			}
		}
		m.Headers, m.Body = keepLines(m.Headers, fitted.Headers), fitted.Body
	}
	return notes
}

// keepLines returns the lines of before with the Content-Length and Transfer-Encoding of after.
func keepLines(before, after signature.Headers) signature.Headers {
	framing := func(name string) bool {
		return strings.EqualFold(name, "Content-Length") || strings.EqualFold(name, "Transfer-Encoding")
	}
	var lines signature.Headers
	var rest signature.Headers
	for _, line := range after {
		if framing(line.Name) {
			rest = append(rest, line)
		}
	}
	for _, line := range before {
		switch {
		case !framing(line.Name):
			lines = append(lines, line)
		case len(rest) > 0:
			lines, rest = append(lines, rest[0]), rest[1:]
		}
	}
	return append(lines, rest...)
}

// parseResponse converts the response of an entry. It returns nil if there is none, or with a note
// if it is invalid.
func parseResponse(raw json.RawMessage) (response *journal.Response, note string) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, ""
	}
	var r readResponse
	if err := json.Unmarshal(raw, &r); err != nil {
		return nil, fmt.Sprintf("the response is skipped, because it is invalid: %v", err)
	}
	if r.Status < 100 || r.Status > 999 {
		return nil, "" // browsers write 0 or -1 for a missing response
	}
	body := []byte(r.Content.Text)
	if r.Content.Encoding == "base64" {
		decoded, err := decodeBase64(r.Content.Text)
		if err != nil {
			return nil, fmt.Sprintf("the response is skipped, because it is invalid: content.text: %v", err)
		}
		body = decoded
	}
	if len(body) > maxBody {
		return nil, fmt.Sprintf("the response is skipped: its body has %d bytes, the limit is %d", len(body), maxBody)
	}
	out := journal.Response{Status: r.Status}.WithBody(body)
	for _, h := range r.Headers {
		if strings.HasPrefix(h.Name, ":") {
			continue
		}
		for value := range strings.SplitSeq(h.Value, "\n") { // browsers join lines with one name
			value = strings.TrimSuffix(value, "\r")
			if httpguts.ValidHeaderFieldName(h.Name) && !strings.ContainsAny(value, "\r\x00") {
				out.Lines.Add(h.Name, value)
			}
		}
	}
	return &out, ""
}

// decodeBase64 decodes base64 with or without padding, in both alphabets, with or without line
// ends.
func decodeBase64(text string) ([]byte, error) {
	text = strings.NewReplacer("\r", "", "\n", "", "-", "+", "_", "/").Replace(text)
	return base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
}

// bytes returns the body in text.
func (b *readPosted) bytes() ([]byte, error) {
	switch {
	case b == nil:
		return []byte{}, nil
	case strings.EqualFold(b.Encoding, "base64"):
		body, err := decodeBase64(b.Text)
		if err != nil {
			return nil, fmt.Errorf("%w: postData.text: %w: want base64, as encoding says", ErrInvalid, err)
		}
		return body, nil
	case b.Encoding != "":
		return nil, fmt.Errorf("%w: postData.encoding %q: want base64, or none", ErrInvalid, b.Encoding)
	}
	return []byte(b.Text), nil
}

// body sets the body of m: to text, or to the encoded params if there is no text.
func (b *readPosted) body(m *wire.Message) (notes []string, err error) {
	if m.Body, err = b.bytes(); err != nil || b == nil || b.Text != "" || len(b.Params) == 0 {
		return nil, err
	}
	stated := cmp.Or(b.MimeType, m.Headers.Get("Content-Type"))
	mediaType, _, _ := strings.Cut(stated, ";")
	switch strings.ToLower(strings.TrimSpace(mediaType)) {
	case "application/x-www-form-urlencoded":
		if m.Body, err = b.form(); err != nil {
			return nil, err
		}
		return []string{"the body was encoded from postData.params: the archive does not have its text"}, nil
	case "multipart/form-data":
		if m.Body, err = b.multipart(m, stated); err != nil {
			return nil, err
		}
		return []string{"the multipart body was encoded from postData.params: its parts are correct, but their headers and order may differ from the original"}, nil
	}
	return nil, fmt.Errorf("%w: postData has params and no text, and %q cannot be encoded from params", ErrInvalid, stated)
}

// form returns the params as a URL-encoded form.
func (b *readPosted) form() ([]byte, error) {
	fields := make([]string, len(b.Params))
	for i := range b.Params {
		value, err := b.Params[i].text()
		if err != nil {
			return nil, err
		}
		fields[i] = url.QueryEscape(b.Params[i].Name) + "=" + url.QueryEscape(value)
	}
	return []byte(strings.Join(fields, "&")), nil
}

// text returns the value of a field, or "" if there is none.
func (p *readParam) text() (string, error) {
	var value any
	dec := json.NewDecoder(bytes.NewReader(p.Value))
	dec.UseNumber()
	if len(p.Value) > 0 {
		_ = dec.Decode(&value) // it is valid JSON
	}
	switch v := value.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case json.Number, bool:
		return fmt.Sprint(v), nil
	}
	return "", fmt.Errorf("%w: postData.params: the value of %q is not text: %.60s", ErrInvalid, p.Name, p.Value)
}
