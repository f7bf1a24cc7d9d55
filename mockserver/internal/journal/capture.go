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
	// ID is the capture's name in every address; the store gives it. It is CaptureID(Seq).
	ID string `json:"id"`
	// Bin is the capture address the request came to.
	Bin string `json:"bin"`
	// Seq orders captures: a later one has the higher number, across all bins of a store. The store gives it.
	Seq uint64 `json:"seq"`
	// At is when the request had been read whole, on the server's wall clock. A store keeps it in UTC.
	At time.Time `json:"at"`
	// Peer is the sender's address, host:port.
	Peer string `json:"peer"`
	// Response is what the bin answered, or was about to answer when the capture was stored.
	Response *Response `json:"response"`
	// Verification checks the signature when a provider is named for the bin.
	Verification *Verification `json:"verification"`
	// Raw is the request as it stood on the wire, head and body, where the message does not tell all of it: a body in chunks,
	// lines that end in LF, odd white space, a request that was cut off or is malformed. See Bytes.
	Raw []byte `json:"raw,omitempty"`
	// TLS is of the connection that the request came on; nil: it was not encrypted.
	TLS *TLS `json:"tls"`
	// Problems says what was wrong with the request: "aborted", "too large", "malformed: …", or with the record: "damaged: …".
	Problems []string `json:"problems"`
}

// Bytes is the request as it stood on the wire, head and body, every byte of it.
func (c *Capture) Bytes() []byte {
	if len(c.Raw) > 0 {
		return slices.Clone(c.Raw)
	}
	return wire.Append(nil, c.Message)
}

// Damaged begins the problem of a record that the store could not read whole.
const Damaged = "damaged: "

// IsDamaged reports whether the store could not read the capture whole: what it was is not known.
func (c *Capture) IsDamaged() bool {
	return slices.ContainsFunc(c.Problems, func(p string) bool { return strings.HasPrefix(p, Damaged) })
}

// Clone returns a copy that shares nothing with c. Headers, body and problems of the copy are never nil, so that they
// are never null in JSON.
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

// Response is what a bin answers. The zero Response is 200 with an empty body.
type Response struct {
	Status  int               `json:"status,omitempty" yaml:"status"`
	Headers map[string]string `json:"headers,omitempty" yaml:"headers"`
	// Lines are header lines in their order and case, the same name as often as it stands there; they come after Headers.
	Lines signature.Headers `json:"lines,omitempty" yaml:"lines"`
	Body  string            `json:"body,omitempty" yaml:"body"`
	// Binary is the body when it is no text, instead of Body: in base64, in JSON and YAML.
	Binary Binary `json:"body_base64,omitempty" yaml:"body_base64"`
	// Delay is waited before the first byte.
	Delay Duration `json:"delay,omitempty" yaml:"delay"`
	// Drip is how long the body takes: the head comes at once, then the body in pieces, the last one at the end of that time.
	Drip Duration `json:"drip,omitempty" yaml:"drip"`
	// Cut resets the connection (RST) when half of the head or of the body has reached the sender: CutHead or CutBody.
	Cut string `json:"cut,omitempty" yaml:"cut"`
	// Hang never answers; the connection stays open until the sender gives up.
	Hang bool `json:"hang,omitempty" yaml:"hang"`
	// Reset closes the connection without an answer (RST).
	Reset bool `json:"reset,omitempty" yaml:"reset"`
}

// Where a Response is cut.
const (
	CutHead = "head"
	CutBody = "body"
)

// WithBody is r with that body, as text if it is UTF-8.
func (r Response) WithBody(body []byte) Response {
	r.Body, r.Binary = "", nil
	if utf8.Valid(body) {
		r.Body = string(body)
	} else {
		r.Binary = body
	}
	return r
}

// Content is the body, whichever way it is given.
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

// TLS is what a sender agreed on for its connection.
type TLS struct {
	Version string `json:"version"` // "TLS 1.3"
	Cipher  string `json:"cipher"`  // the suite's name, as IANA has it
	SNI     string `json:"sni"`     // the host that the sender asked for; "" when it named none, or an IP address
}

// Verification is what a bin's provider says of a capture's signature.
type Verification struct {
	Provider    string            `json:"provider"`
	Verdict     signature.Verdict `json:"verdict"`
	Explanation string            `json:"explanation,omitempty"`
}

// CaptureQuery selects captures, newest first. The zero query is the newest DefaultLimit of all bins.
type CaptureQuery struct {
	Bin    string // "" is every bin
	Before uint64 // only seq < Before; 0 is no bound
	After  uint64 // only seq > After
	Limit  int    // 0 is DefaultLimit, at most MaxLimit
	Oldest bool   // oldest first instead
}

// A capture's id is its sequence number, so that finding one needs no index.
const (
	captureIDPrefix = "c"
	captureIDBase   = 32
	captureIDDigits = 8 // ids of the first 2^40 captures sort as their numbers do
)

// CaptureID returns the id of the capture with that sequence number: "c"
// and the number in base 32, at least eight digits long.
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

// ParseCaptureID is the reverse of CaptureID; ok is false for what CaptureID never returns.
func ParseCaptureID(id string) (seq uint64, ok bool) {
	digits, ok := strings.CutPrefix(id, captureIDPrefix)
	if !ok {
		return 0, false
	}
	seq, err := strconv.ParseUint(digits, captureIDBase, 64)
	return seq, err == nil && CaptureID(seq) == id
}
