package export

import (
	"unicode/utf8"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// exactHead is a head with bytes that are no text, which JSON cannot hold as such: every part in base64. It stands beside
// the readable one, and counts.
type exactHead struct {
	Method  []byte      `json:"method"`
	Target  []byte      `json:"target"`
	Version []byte      `json:"version"`
	Headers [][2][]byte `json:"headers"`
}

// newExactHead is nil for a head that is text.
func newExactHead(m *wire.Message) *exactHead {
	text := utf8.ValidString(m.Method) && utf8.ValidString(m.Target) && utf8.ValidString(m.Version)
	for _, h := range m.Headers {
		text = text && utf8.ValidString(h.Name) && utf8.ValidString(h.Value)
	}
	if text {
		return nil
	}
	head := &exactHead{[]byte(m.Method), []byte(m.Target), []byte(m.Version), make([][2][]byte, len(m.Headers))}
	for i, h := range m.Headers {
		head.Headers[i] = [2][]byte{[]byte(h.Name), []byte(h.Value)}
	}
	return head
}

// restore gives m the head; a nil one leaves it.
func (h *exactHead) restore(m *wire.Message) {
	if h == nil {
		return
	}
	m.Method, m.Target, m.Version = string(h.Method), string(h.Target), string(h.Version)
	m.Headers = make(signature.Headers, len(h.Headers))
	for i, line := range h.Headers {
		m.Headers[i] = signature.Header{Name: string(line[0]), Value: string(line[1])}
	}
}
