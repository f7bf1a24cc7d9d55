package journal

import (
	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// These are bytes that a record needs in memory in addition to its texts and bytes, as measured.
const (
	recordOverhead   = 640
	lineOverhead     = 32 // a header line
	binOverhead      = 512
	documentOverhead = 256
)

// Size returns the bytes that the capture counts for in the limits of a store: all its texts and
// bytes, including those of its response, and the overhead in memory.
func (c *Capture) Size() int {
	n := recordOverhead + messageSize(&c.Message) + len(c.Raw) + len(c.Bin) + len(c.Peer) + textsSize(c.Problems)
	if r := c.Response; r != nil {
		n += recordOverhead/4 + len(r.Body) + len(r.Binary) + headersSize(r.Lines)
		for name, value := range r.Headers {
			n += len(name) + len(value) + lineOverhead
		}
	}
	if v := c.Verification; v != nil {
		n += lineOverhead + len(v.Provider) + len(v.Verdict) + len(v.Explanation)
	}
	if t := c.TLS; t != nil {
		n += lineOverhead + len(t.Version) + len(t.Cipher) + len(t.SNI)
	}
	return n
}

// Size returns the bytes that the delivery counts for in the limits of a store, with all its
// attempts.
func (d *Delivery) Size() int {
	e := &d.Event
	n := recordOverhead + len(d.ID) + len(d.Provider) + len(d.Endpoint) + len(d.URL) + len(d.Pattern) + textsSize(d.Faults) +
		len(e.Provider) + len(e.ID) + len(e.Name) + len(e.Tenant) + len(e.Draw.Stream) + headersSize(e.Headers) + len(e.Body)
	for i := range d.Attempts {
		n += d.Attempts[i].Size()
	}
	return n
}

// Size returns the bytes that the attempt counts for in the limits of a store.
func (a *Attempt) Size() int {
	n := recordOverhead + messageSize(&a.Sent) + len(a.Error) + len(a.Fault)
	if r := a.Response; r != nil {
		n += lineOverhead + headersSize(r.Headers) + len(r.Body)
	}
	return n
}

// Size returns the bytes that an empty bin counts for in the limits of a store.
func (b *Bin) Size() int { return binOverhead + len(b.Name) }

// Size returns the bytes that the document counts for in the limits of a store.
func (d *Document) Size() int { return documentOverhead + len(d.Key) + len(d.Doc) }

func messageSize(m *wire.Message) int {
	return len(m.Method) + len(m.Target) + len(m.Version) + len(m.Body) + headersSize(m.Headers)
}

func headersSize(headers signature.Headers) int {
	n := 0
	for i := range headers {
		n += len(headers[i].Name) + len(headers[i].Value) + lineOverhead
	}
	return n
}

func textsSize(texts []string) int {
	n := 0
	for _, text := range texts {
		n += len(text) + lineOverhead
	}
	return n
}
