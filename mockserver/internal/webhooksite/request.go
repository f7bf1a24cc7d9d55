package webhooksite

import (
	"encoding/json"
	"net"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// request is a capture as the API shows it. What a bin does not know (where the sender is, results
// of actions, e-mails) is null.
type request struct {
	UUID      string  `json:"uuid"`
	Type      string  `json:"type"` // always web
	TokenID   string  `json:"token_id"`
	TeamID    *int    `json:"team_id"`
	IP        string  `json:"ip"`
	Hostname  string  `json:"hostname"`
	Method    string  `json:"method"`
	UserAgent *string `json:"user_agent"`
	// Content is the body. Where it is not UTF-8 it has U+FFFD, and ContentBase64 has the exact
	// bytes.
	Content       string              `json:"content"`
	ContentBase64 []byte              `json:"content_base64,omitempty"`
	Query         map[string]any      `json:"query"`
	Headers       map[string][]string `json:"headers"`
	URL           string              `json:"url"`
	Size          int                 `json:"size"` // bytes of the body
	// Request has the fields of a form, and is null for another body; a JSON body has none.
	Request     json.RawMessage `json:"request,omitempty"`
	Files       map[string]any  `json:"files"`
	Country     *string         `json:"country"`
	CountryCode *string         `json:"country_code"`
	Region      *string         `json:"region"`
	City        *string         `json:"city"`
	Note        *string         `json:"note"`
	// seconds by which the response was delayed on purpose
	Time         float64         `json:"time"`
	Sorting      int64           `json:"sorting"`
	ActionOutput map[string]any  `json:"custom_action_output"`
	ActionErrors []string        `json:"custom_action_errors"`
	Sender       *string         `json:"sender"`
	MessageID    *string         `json:"message_id"`
	Destinations []string        `json:"destinations"`
	Checks       map[string]bool `json:"checks"`
	TextContent  *string         `json:"text_content"`
	HTMLContent  *string         `json:"html_content"`
	CreatedAt    stamp           `json:"created_at"`
	UpdatedAt    stamp           `json:"updated_at"`

	form map[string]any // Request, for queries
}

// newRequest returns a capture as a request; note is "" when there is none.
func newRequest(c *journal.Capture, note string) *request {
	host := c.Headers.Get("Host")
	r := &request{
		UUID: requestID(c.Seq), Type: "web", TokenID: c.Bin, IP: hostOf(c.Peer), Hostname: hostname(host), Method: c.Method,
		Content: string(c.Body), URL: urlOf(host, c.Target), Size: len(c.Body), Headers: map[string][]string{},
		ActionOutput: map[string]any{}, ActionErrors: []string{}, Sorting: c.At.UnixMicro(), CreatedAt: stamp{c.At}, UpdatedAt: stamp{c.At},
	}
	if !utf8.Valid(c.Body) {
		r.Content, r.ContentBase64 = strings.ToValidUTF8(r.Content, "\ufffd"), c.Body
	}
	for i := range c.Headers {
		name := strings.ToLower(c.Headers[i].Name)
		r.Headers[name] = append(r.Headers[name], c.Headers[i].Value)
	}
	if agent, ok := c.Headers.Lookup("User-Agent"); ok {
		r.UserAgent = &agent
	}
	if note != "" {
		r.Note = &note
	}
	if c.Response != nil {
		r.Time = time.Duration(c.Response.Delay).Seconds()
	}
	if _, raw, ok := strings.Cut(c.Target, "?"); ok {
		raw, _, _ = strings.Cut(raw, "#")
		r.Query = pairs(raw)
	}
	r.readBody(c)
	return r
}

// readBody looks for a form in the body.
func (r *request) readBody(c *journal.Capture) {
	f := formOf(c)
	r.form, r.Files = f.fields, map[string]any{}
	for i, file := range f.files {
		addValue(r.Files, file.field, map[string]any{
			"id": fileID(c.Seq, uint16(i+1)), "filename": file.name, "size": len(file.data), "content_type": file.kind,
		})
	}
	switch {
	case f.isJSON:
	case f.fields == nil:
		r.Request = json.RawMessage("null")
	default:
		text, err := json.Marshal(f.fields)
		if err != nil {
			panic(err) // texts and lists of them always encode
		}
		r.Request = text
	}
}

// hostname returns a Host line without its port.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}

// urlOf returns the address that a request was sent to, as its sender wrote it.
func urlOf(host, target string) string {
	if !strings.HasPrefix(target, "/") || host == "" {
		return target
	}
	return "http://" + host + target
}
