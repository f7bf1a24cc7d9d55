package journal

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// Capture is one request that a bin received.
type Capture struct {
	wire.Message
	// ID is the capture's name in every address. It is CaptureID(Seq). The store sets it.
	ID string `json:"id"`
	// Bin is the name of the bin that received the request.
	Bin string `json:"bin"`
	// Seq orders captures: a later one has a higher number, across all bins of a store. The store
	// sets it.
	Seq uint64 `json:"seq"`
	// At is when the whole request had been read, on the server's wall clock, in UTC once it is
	// stored.
	At time.Time `json:"at"`
	// Peer is the sender's address, host:port.
	Peer string `json:"peer"`
	// Response is the response of the bin, or the one it was about to send when the capture was
	// stored.
	Response *Response `json:"response"`
	// Verification is the result of the signature check, if the bin has a provider.
	Verification *Verification `json:"verification"`
	// Raw is the request exactly as it was received, head and body. It is set only if Message does
	// not contain all of it: for a chunked body, lines that end in LF, unusual white space, or a
	// truncated or malformed request. See Bytes.
	Raw []byte `json:"raw,omitempty"`
	// TLS describes the encrypted connection of the request, or is nil.
	TLS *TLS `json:"tls"`
	// Problems lists what was wrong with the request ("aborted", "too large", "malformed: …") or
	// with its record ("damaged: …").
	Problems []string `json:"problems"`
}

// Bytes returns the request exactly as it was received, head and body.
func (c *Capture) Bytes() []byte {
	if len(c.Raw) > 0 {
		return slices.Clone(c.Raw)
	}
	return wire.Append(nil, c.Message)
}

// Damaged is the prefix of the problem of a record that the store could not read completely.
const Damaged = "damaged: "

// IsDamaged reports whether the store could not read the capture completely.
func (c *Capture) IsDamaged() bool {
	return slices.ContainsFunc(c.Problems, func(p string) bool { return strings.HasPrefix(p, Damaged) })
}

// Clone returns a copy that shares nothing with c. Headers, body and problems of the copy are never
// nil, so that they are never null in JSON.
func (c Capture) Clone() Capture {
	c.Message = cloneMessage(c.Message)
	c.Raw = slices.Clone(c.Raw)
	c.Problems = append(make([]string, 0, len(c.Problems)), c.Problems...)
	if c.Response != nil {
		response := c.Response.Clone()
		c.Response = &response
	}
	if c.TLS != nil {
		tls := *c.TLS
		c.TLS = &tls
	}
	if c.Verification != nil {
		verification := *c.Verification
		c.Verification = &verification
	}
	return c
}

func cloneMessage(m wire.Message) wire.Message {
	m.Headers = append(make(signature.Headers, 0, len(m.Headers)), m.Headers...)
	m.Body = append(make([]byte, 0, len(m.Body)), m.Body...)
	return m
}

// Response is the response of a bin. The zero Response is 200 with an empty body.
type Response struct {
	Status  int               `json:"status,omitempty" yaml:"status"`
	Headers map[string]string `json:"headers,omitempty" yaml:"headers"`
	// Lines are header lines with their order, case and duplicates. They follow Headers.
	Lines signature.Headers `json:"lines,omitempty" yaml:"lines"`
	Body  string            `json:"body,omitempty" yaml:"body"`
	// Binary is a body that is not text, instead of Body. In JSON and YAML it is base64.
	Binary Binary `json:"body_base64,omitempty" yaml:"body_base64"`
	// Delay is the time before the first byte. In the capture of a Hang it is how long the sender
	// waited until it closed the connection, and 0 until then.
	Delay Duration `json:"delay,omitempty" yaml:"delay"`
	// Drip is how long the body takes: the head is sent at once, then the body in pieces, the last
	// one at the end of that time.
	Drip Duration `json:"drip,omitempty" yaml:"drip"`
	// Cut resets the connection (RST) after half of the head (CutHead) or of the body (CutBody).
	Cut string `json:"cut,omitempty" yaml:"cut"`
	// Hang sends nothing, and keeps the connection open until the sender closes it.
	Hang bool `json:"hang,omitempty" yaml:"hang"`
	// Reset closes the connection without a response (RST).
	Reset bool `json:"reset,omitempty" yaml:"reset"`
}

// These are the values of Response.Cut.
const (
	CutHead = "head"
	CutBody = "body"
)

// WithBody returns r with that body: in Body if it is UTF-8, else in Binary.
func (r Response) WithBody(body []byte) Response {
	r.Body, r.Binary = "", nil
	if utf8.Valid(body) {
		r.Body = string(body)
	} else {
		r.Binary = body
	}
	return r
}

// Content returns the body, from Binary or Body.
func (r Response) Content() string {
	if len(r.Binary) > 0 {
		return string(r.Binary)
	}
	return r.Body
}

// Clone returns a copy that shares nothing with r.
func (r Response) Clone() Response {
	r.Headers = maps.Clone(r.Headers)
	r.Lines = slices.Clone(r.Lines)
	r.Binary = slices.Clone(r.Binary)
	return r
}

// TLS describes a sender's encrypted connection.
type TLS struct {
	Version string `json:"version"` // "TLS 1.3"
	Cipher  string `json:"cipher"`  // IANA's name of the cipher suite
	SNI     string `json:"sni"`     // the requested host; "" for none or an IP address
}

// Verification is the result of checking a capture's signature for the bin's provider.
type Verification struct {
	Provider    string            `json:"provider"`
	Verdict     signature.Verdict `json:"verdict"`
	Explanation string            `json:"explanation,omitempty"`
}

// CaptureQuery selects captures, newest first. The zero query selects the newest DefaultLimit
// captures of all bins.
type CaptureQuery struct {
	Bin    string // "" means all bins
	Before uint64 // only seq < Before; 0 means no bound
	After  uint64 // only seq > After
	Limit  int    // 0 means DefaultLimit; at most MaxLimit
	Oldest bool   // oldest first
}

// A capture's id contains its sequence number, so that finding a capture by id needs no index.
const (
	captureIDPrefix = "c"
	captureIDBase   = 32
	captureIDDigits = 8 // the first 2^40 ids sort in numeric order
)

// CaptureID returns the id of the capture with that sequence number: "c" and the number in base 32,
// with at least eight digits.
func CaptureID(seq uint64) string {
	var digits [13]byte
	number := strconv.AppendUint(digits[:0], seq, captureIDBase)
	id := make([]byte, 0, len(captureIDPrefix)+len(digits))
	id = append(id, captureIDPrefix...)
	for range captureIDDigits - len(number) {
		id = append(id, '0')
	}
	return string(append(id, number...))
}

// ParseCaptureID is the inverse of CaptureID. ok is false for a text that CaptureID never returns.
func ParseCaptureID(id string) (seq uint64, ok bool) {
	digits, ok := strings.CutPrefix(id, captureIDPrefix)
	if !ok {
		return 0, false
	}
	seq, err := strconv.ParseUint(digits, captureIDBase, 64)
	return seq, err == nil && CaptureID(seq) == id
}
