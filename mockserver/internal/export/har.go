package export

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// These types are the parts of HAR 1.2 that a request and its response need:
// http://www.softwareishard.com/blog/har-12-spec/
type (
	harEntry struct {
		StartedDateTime time.Time   `json:"startedDateTime"`
		Time            float64     `json:"time"` // ms
		Request         harRequest  `json:"request"`
		Response        harResponse `json:"response"`
		Cache           struct{}    `json:"cache"`
		Timings         harTimings  `json:"timings"`
		// Extension has what HAR cannot express. HAR allows custom names that begin with an
		// underscore.
		Extension *harExtension `json:"_hookrig,omitempty"`
	}
	harRequest struct {
		Method      string    `json:"method"`
		URL         string    `json:"url"`
		HTTPVersion string    `json:"httpVersion"`
		Cookies     []harPair `json:"cookies"`
		Headers     []harPair `json:"headers"`
		QueryString []harPair `json:"queryString"`
		PostData    *harBody  `json:"postData,omitempty"`
		HeadersSize int       `json:"headersSize"`
		BodySize    int       `json:"bodySize"`
	}
	harResponse struct {
		Status      int        `json:"status"`
		StatusText  string     `json:"statusText"`
		HTTPVersion string     `json:"httpVersion"`
		Cookies     []harPair  `json:"cookies"`
		Headers     []harPair  `json:"headers"`
		Content     harContent `json:"content"`
		RedirectURL string     `json:"redirectURL"`
		HeadersSize int        `json:"headersSize"`
		BodySize    int        `json:"bodySize"`
	}
	harPair struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	// harBody is postData. HAR 1.2 has encoding only for the content of a response.
	harBody struct {
		MimeType string `json:"mimeType"`
		Text     string `json:"text"`
		Encoding string `json:"encoding,omitempty"` // base64, for bytes that are not UTF-8
	}
	harContent struct {
		Size     int    `json:"size"`
		MimeType string `json:"mimeType"`
		Text     string `json:"text,omitempty"`
		Encoding string `json:"encoding,omitempty"` // base64, for bytes that are not UTF-8
	}
	harTimings struct {
		Send    float64 `json:"send"`
		Wait    float64 `json:"wait"`
		Receive float64 `json:"receive"`
	}
	// harExtension has the fields of a capture that HAR does not have.
	harExtension struct {
		ID           string                `json:"id"`
		Bin          string                `json:"bin"`
		Seq          uint64                `json:"seq"`
		Peer         string                `json:"peer"`
		Target       string                `json:"target"` // byte for byte; url has escapes
		Response     *journal.Response     `json:"response,omitempty"`
		Verification *journal.Verification `json:"verification,omitempty"`
		Problems     []string              `json:"problems,omitempty"`
		// Names of the redacted secrets.
		Redacted []string   `json:"redacted,omitempty"`
		Head     *exactHead `json:"head,omitempty"`
		// Reply is the response in files of earlier versions, which called it so.
		Reply *journal.Response `json:"reply,omitempty"`
	}
)

// harFormat returns the format of an HTTP archive.
func harFormat() Format {
	return Format{
		Name: "har", Text: "HAR 1.2, for browsers' tools and proxies", MediaType: "application/json", Extension: ".har",
		Many: true, write: writeHAR, read: readDocument,
	}
}

func writeHAR(w io.Writer, captures records, _ *Options) error {
	if _, err := io.WriteString(w, `{"log":{"version":"1.2","creator":{"name":"hookrig","version":"1"},"entries":[`); err != nil {
		return err
	}
	separator := "\n"
	for c, err := range captures {
		if err != nil {
			return err
		}
		var b bytes.Buffer
		b.WriteString(separator)
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(newHAREntry(&c)); err != nil {
			return err
		}
		if _, err := w.Write(bytes.TrimSuffix(b.Bytes(), []byte("\n"))); err != nil {
			return err
		}
		separator = ",\n"
	}
	_, err := io.WriteString(w, "\n]}}\n")
	return err
}

func newHAREntry(c *record) harEntry {
	e := harEntry{
		StartedDateTime: c.At.UTC(),
		Request: harRequest{
			Method: c.Method, URL: address(&c.Message), HTTPVersion: c.Version,
			Cookies: cookies(c.Headers), Headers: make([]harPair, len(c.Headers)), QueryString: queryString(c.Target),
			HeadersSize: len(wire.Append(nil, wire.Message{Method: c.Method, Target: c.Target, Version: c.Version, Headers: c.Headers})),
			BodySize:    len(c.Body),
		},
		Response: harResponse{Cookies: []harPair{}, Headers: []harPair{}, HeadersSize: -1, BodySize: -1},
		Extension: &harExtension{
			ID: c.ID, Bin: c.Bin, Seq: c.Seq, Peer: c.Peer, Target: c.Target, Response: c.Response, Verification: c.Verification,
			Problems: c.Problems, Redacted: c.redacted, Head: newExactHead(&c.Message),
		},
	}
	for i, h := range c.Headers {
		e.Request.Headers[i] = harPair(h)
	}
	if len(c.Body) > 0 {
		e.Request.PostData = newHARBody(c.Headers.Get("Content-Type"), c.Body)
	}
	if c.Response == nil {
		return e
	}
	e.Time = float64(time.Duration(c.Response.Delay).Microseconds()) / 1000
	e.Timings.Wait = e.Time
	if c.Response.Hang || c.Response.Reset {
		return e
	}
	r := &e.Response
	if r.Status = c.Response.Status; r.Status == 0 {
		r.Status = http.StatusOK
	}
	r.StatusText, r.HTTPVersion = http.StatusText(r.Status), "HTTP/1.1"
	r.BodySize, r.Content.Size, r.Content.Text = len(c.Response.Content()), len(c.Response.Content()), c.Response.Body
	if len(c.Response.Binary) > 0 {
		r.Content.Text, r.Content.Encoding = base64Of(c.Response.Binary), "base64"
	}
	for _, name := range slices.Sorted(maps.Keys(c.Response.Headers)) {
		r.Headers = append(r.Headers, harPair{name, c.Response.Headers[name]})
	}
	for _, line := range c.Response.Lines {
		r.Headers = append(r.Headers, harPair(line))
	}
	for _, h := range r.Headers {
		switch strings.ToLower(h.Name) {
		case "content-type":
			r.Content.MimeType = h.Value
		case "location":
			r.RedirectURL = h.Value
		}
	}
	return e
}

func newHARBody(mediaType string, body []byte) *harBody {
	if utf8.Valid(body) {
		return &harBody{MimeType: mediaType, Text: string(body)}
	}
	return &harBody{MimeType: mediaType, Text: base64Of(body), Encoding: "base64"}
}

// address returns the absolute URL of a request. It escapes what is not allowed in one.
func address(m *wire.Message) string {
	target := m.Target
	if !strings.HasPrefix(target, "http://") && !strings.HasPrefix(target, "https://") {
		host := m.Headers.Get("Host")
		if host == "" {
			host = "host.invalid"
		}
		if !strings.HasPrefix(target, "/") {
			target = "/" + target
		}
		target = "http://" + host + target
	}
	var b strings.Builder
	for i := range len(target) {
		if c := target[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// queryString returns the fields of the query without decoding them.
func queryString(target string) []harPair {
	pairs := []harPair{}
	_, query, ok := strings.Cut(target, "?")
	if !ok || query == "" {
		return pairs
	}
	for field := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(field, "=")
		pairs = append(pairs, harPair{name, value})
	}
	return pairs
}

func cookies(headers signature.Headers) []harPair {
	pairs := []harPair{}
	for _, line := range headers.Values("Cookie") {
		found, err := http.ParseCookie(line)
		if err != nil {
			continue // the header line is written anyway
		}
		for _, c := range found {
			pairs = append(pairs, harPair{c.Name, c.Value})
		}
	}
	return pairs
}
