package export

import (
	"unicode/utf8"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// exactHead is a head with bytes that are not UTF-8, which a JSON string cannot contain. Every part
// is base64. It is written next to the readable head, and overrides that when the file is read.
type exactHead struct {
	Method  []byte      `json:"method"`
	Target  []byte      `json:"target"`
	Version []byte      `json:"version"`
	Headers [][2][]byte `json:"headers"`
}

// newExactHead returns nil for a head that is UTF-8.
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

// restore sets the head of m. It does nothing if h is nil.
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
