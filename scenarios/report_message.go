package scenarios

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/hookrig/hookrig/fixtures/signature"
)

// pageExchange is a request and its response as the page shows them.
type pageExchange struct {
	Name      string
	Result    string
	Request   pageMessage
	Response  *pageMessage
	Reason    string // why there is no response
	Signature string
	Changes   []pageDifference // from the first attempt
	Note      string           // on the changes
}

// pageMessage is a request or a response. A body that is not text is in hexadecimal.
type pageMessage struct {
	Head string
	Body string
	Hex  bool
	Size int    // of the body, in bytes
	Left int    // bytes of the body that are not shown
	Note string // remark on the body
}

// Bounds of a body on a page, in bytes.
const (
	mostText = 16 << 10
	mostHex  = 2 << 10
)

func newPageExchange(e *Exchange, left *int) pageExchange {
	shown := pageExchange{Name: e.Name, Reason: e.Reason}
	line := fmt.Sprintf("%s %s %s", e.Request.Method, e.Request.Target, e.Request.Version)
	shown.Request = newPageMessage(line, e.Request.Headers, e.Request.Body, e.RequestCut)
	if e.Status > 0 {
		shown.Result = strings.TrimSpace(fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status)))
	}
	if e.Response != nil {
		status := strings.TrimSpace(fmt.Sprintf("%d %s", e.Response.Status, http.StatusText(e.Response.Status)))
		response := newPageMessage(status, e.Response.Headers, e.Response.Body, e.ResponseCut)
		if e.Response.Truncated {
			response.Note = "the response was longer; only this part of it was stored"
		}
		shown.Response = &response
		*left -= response.bytes()
	}
	if e.Verification != nil {
		shown.Signature = strings.TrimSpace(string(e.Verification.Verdict) + " " + e.Verification.Explanation)
	}
	*left -= shown.Request.bytes()
	return shown
}

func newPageMessage(line string, headers signature.Headers, body []byte, cut int) pageMessage {
	var head strings.Builder
	head.WriteString(line)
	for _, h := range headers {
		head.WriteString("\n" + h.Name + ": " + h.Value)
	}
	m := pageMessage{Head: head.String(), Size: len(body) + cut, Left: cut}
	if isText(body) {
		text := body
		if len(text) > mostText {
			text = text[:mostText]
			for len(text) > 0 && !utf8.Valid(text[max(len(text)-utf8.UTFMax, 0):]) && !utf8.Valid(text) {
				text = text[:len(text)-1]
			}
		}
		m.Body, m.Left = string(text), m.Left+len(body)-len(text)
		return m
	}
	part := body[:min(len(body), mostHex)]
	m.Hex, m.Body, m.Left = true, strings.TrimRight(hex.Dump(part), "\n"), m.Left+len(body)-len(part)
	return m
}

// labelled is a message with its name, for those who hear the page.
type labelled struct {
	Label string
	M     *pageMessage
}

// As returns the message with a name.
func (m *pageMessage) As(label string) labelled { return labelled{label, m} }

// bytes returns about how many bytes of a page the message takes.
func (m *pageMessage) bytes() int { return rowBytes + len(m.Head) + len(m.Body) }

// isText reports whether a body consists of characters that can be shown as they are. An escaped
// body would not be exact.
func isText(body []byte) bool {
	return utf8.Valid(body) && !bytes.ContainsFunc(body, func(r rune) bool {
		return r < ' ' && r != '\n' && r != '\r' && r != '\t' || r == 0x7f
	})
}
