// Package record packs the records of a journal into bytes, as stores keep them.
//
// A record is a version byte followed by its fields. Numbers are varints. Texts and bytes follow
// their length, lists follow their count. Packing keeps every byte of a header, which JSON would
// not do, and costs a fraction of it.
//
// Unpacking reads all earlier versions. To change the layout, raise Version, read the new field
// only from records that have it (unpacker.since), and add a migration to every store, so that
// older programs refuse the data.
package record

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// Version is the first byte of every new record. Attempts have not changed since version 1.
const Version = 5

// These versions added fields to captures and deliveries.
const (
	withRaw       = 2 // Capture.Raw
	withTLS       = 3 // Capture.TLS; Response.Lines, Drip and Cut
	withBinary    = 4 // Response.Binary
	withLines     = 5 // Event.Headers
	oldestVersion = 1
)

// PackCapture appends c to dst without its body, its bin, and the fields that the store sets.
func PackCapture(dst []byte, c *journal.Capture) []byte {
	dst = append(dst, Version)
	dst = packTime(dst, c.At)
	dst = packText(dst, c.Peer)
	dst = packHead(dst, &c.Message)
	dst = packBytes(dst, c.Raw)
	dst = packTexts(dst, c.Problems)
	dst = packBool(dst, c.TLS != nil)
	if t := c.TLS; t != nil {
		dst = packText(dst, t.Version)
		dst = packText(dst, t.Cipher)
		dst = packText(dst, t.SNI)
	}
	dst = packBool(dst, c.Verification != nil)
	if v := c.Verification; v != nil {
		dst = packText(dst, v.Provider)
		dst = packText(dst, string(v.Verdict))
		dst = packText(dst, v.Explanation)
	}
	dst = packBool(dst, c.Response != nil)
	if r := c.Response; r != nil {
		dst = binary.AppendVarint(dst, int64(r.Status))
		dst = binary.AppendUvarint(dst, uint64(len(r.Headers)))
		for _, name := range slices.Sorted(maps.Keys(r.Headers)) {
			dst = packText(dst, name)
			dst = packText(dst, r.Headers[name])
		}
		dst = packHeaders(dst, r.Lines)
		dst = packText(dst, r.Body)
		dst = packBytes(dst, r.Binary)
		dst = binary.AppendVarint(dst, int64(r.Delay))
		dst = binary.AppendVarint(dst, int64(r.Drip))
		dst = packText(dst, r.Cut)
		dst = packBool(dst, r.Hang)
		dst = packBool(dst, r.Reset)
	}
	return dst
}

// UnpackCapture reads into c what PackCapture wrote. Errors wrap ErrDamaged.
func UnpackCapture(record []byte, c *journal.Capture) error {
	u := unpack(record)
	c.At = u.time()
	c.Peer = u.string()
	u.head(&c.Message)
	if u.since(withRaw) {
		c.Raw = nilIfEmpty(u.bytes())
	}
	c.Problems = append([]string{}, u.strings()...)
	if u.since(withTLS) && u.bool() {
		c.TLS = &journal.TLS{Version: u.string(), Cipher: u.string(), SNI: u.string()}
	}
	if u.bool() {
		c.Verification = &journal.Verification{Provider: u.string(), Verdict: signature.Verdict(u.string()), Explanation: u.string()}
	}
	if u.bool() {
		c.Response = u.response()
	}
	return u.end("capture")
}

// response reads the response of a bin.
func (u *unpacker) response() *journal.Response {
	r := &journal.Response{Status: int(u.int())}
	for range u.count() {
		if r.Headers == nil {
			r.Headers = map[string]string{}
		}
		name := u.string()
		r.Headers[name] = u.string()
	}
	if u.since(withTLS) {
		r.Lines = nilIfEmpty(u.headers())
	}
	r.Body = u.string()
	if u.since(withBinary) {
		r.Binary = nilIfEmpty(u.bytes())
	}
	r.Delay = journal.Duration(u.int())
	if u.since(withTLS) {
		r.Drip = journal.Duration(u.int())
		r.Cut = u.string()
	}
	r.Hang, r.Reset = u.bool(), u.bool()
	return r
}

// nilIfEmpty returns list, or nil if it is empty.
func nilIfEmpty[S ~[]E, E any](list S) S {
	if len(list) == 0 {
		return nil
	}
	return list
}

// PackDelivery appends d to dst. It leaves out what has a column: attempts, state, next due time,
// id and number.
func PackDelivery(dst []byte, d *journal.Delivery) []byte {
	dst = append(dst, Version)
	for _, text := range []string{d.Provider, d.Endpoint, d.URL, d.Pattern} {
		dst = packText(dst, text)
	}
	e := &d.Event
	for _, text := range []string{e.Provider, e.ID, e.Name, e.Tenant} {
		dst = packText(dst, text)
	}
	dst = packTime(dst, e.At)
	dst = packHeaders(dst, e.Headers)
	dst = packBytes(dst, e.Body)
	dst = binary.AppendUvarint(dst, e.Draw.Seed)
	dst = packText(dst, e.Draw.Stream)
	dst = binary.AppendUvarint(dst, e.Draw.Index)
	dst = packTime(dst, d.Created)
	return packTexts(dst, d.Faults)
}

// UnpackDelivery reads into d what PackDelivery wrote. Errors wrap ErrDamaged.
func UnpackDelivery(record []byte, d *journal.Delivery) error {
	u := unpack(record)
	e := &d.Event
	for _, text := range []*string{&d.Provider, &d.Endpoint, &d.URL, &d.Pattern, &e.Provider, &e.ID, &e.Name, &e.Tenant} {
		*text = u.string()
	}
	e.At = u.time()
	if u.since(withLines) {
		e.Headers = nilIfEmpty(u.headers())
	}
	e.Body = u.bytes()
	e.Draw.Seed = u.uint()
	e.Draw.Stream = u.string()
	e.Draw.Index = u.uint()
	d.Created = u.time()
	d.Faults = u.strings()
	return u.end("delivery")
}

// PackAttempt appends a to dst.
func PackAttempt(dst []byte, a *journal.Attempt) []byte {
	dst = append(dst, Version)
	dst = binary.AppendVarint(dst, int64(a.N))
	dst = packTime(dst, a.Due)
	dst = packTime(dst, a.At)
	dst = binary.AppendUvarint(dst, math.Float64bits(a.TookMS))
	dst = packText(dst, string(a.Outcome))
	dst = binary.AppendVarint(dst, int64(a.Status))
	dst = packText(dst, a.Error)
	dst = packText(dst, a.Fault)
	dst = packHead(dst, &a.Sent)
	dst = packBytes(dst, a.Sent.Body)
	dst = packBool(dst, a.Response != nil)
	if r := a.Response; r != nil {
		dst = binary.AppendVarint(dst, int64(r.Status))
		dst = packHeaders(dst, r.Headers)
		dst = packBytes(dst, r.Body)
		dst = packBool(dst, r.Truncated)
	}
	return dst
}

// UnpackAttempt reads into a what PackAttempt wrote. Errors wrap ErrDamaged.
func UnpackAttempt(record []byte, a *journal.Attempt) error {
	u := unpack(record)
	a.N = int(u.int())
	a.Due = u.time()
	a.At = u.time()
	a.TookMS = math.Float64frombits(u.uint())
	a.Outcome = wire.Outcome(u.string())
	a.Status = int(u.int())
	a.Error = u.string()
	a.Fault = u.string()
	u.head(&a.Sent)
	a.Sent.Body = u.bytes()
	if u.bool() {
		r := &wire.Response{Status: int(u.int())}
		r.Headers = nilIfEmpty(u.headers())
		r.Body = nilIfEmpty(u.bytes())
		r.Truncated = u.bool()
		a.Response = r
	}
	return u.end("attempt")
}

func packHead(dst []byte, m *wire.Message) []byte {
	dst = packText(dst, m.Method)
	dst = packText(dst, m.Target)
	dst = packText(dst, m.Version)
	return packHeaders(dst, m.Headers)
}

func packHeaders(dst []byte, headers signature.Headers) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(headers)))
	for i := range headers {
		dst = packText(dst, headers[i].Name)
		dst = packText(dst, headers[i].Value)
	}
	return dst
}

func packTexts(dst []byte, list []string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(list)))
	for _, text := range list {
		dst = packText(dst, text)
	}
	return dst
}

func packText(dst []byte, text string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}

func packBytes(dst, data []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(data))), data...)
}

func packBool(dst []byte, set bool) []byte {
	if set {
		return append(dst, 1)
	}
	return append(dst, 0)
}

// packTime appends a time as seconds since 1970 and nanoseconds, so that it fits every time.
func packTime(dst []byte, t time.Time) []byte {
	return binary.AppendUvarint(binary.AppendVarint(dst, t.Unix()), uint64(t.Nanosecond()))
}

// ErrDamaged means that bytes are not a record of a known version.
var ErrDamaged = errors.New("its bytes are not a record")

// unpacker reads a record. After the first mistake it returns zero values, and end returns an
// error.
type unpacker struct {
	data    []byte
	text    string // the same bytes: strings that are returned share them
	version byte
	at      int
	bad     bool
}

func unpack(record []byte) *unpacker {
	u := &unpacker{data: record, text: string(record)}
	if len(record) == 0 || record[0] < oldestVersion || record[0] > Version {
		u.fail()
	} else {
		u.version = record[0]
		u.at++
	}
	return u
}

// since reports whether records have a field, which was added in the given version.
func (u *unpacker) since(version byte) bool { return u.version >= version }

func (u *unpacker) fail() {
	u.bad = true
	u.at = len(u.data)
}

func (u *unpacker) end(what string) error {
	if u.bad || u.at < len(u.data) {
		return fmt.Errorf("%w: a %s cannot be read", ErrDamaged, what)
	}
	return nil
}

func (u *unpacker) uint() uint64 {
	v, n := binary.Uvarint(u.data[u.at:])
	if n <= 0 {
		u.fail()
		return 0
	}
	u.at += n
	return v
}

func (u *unpacker) int() int64 {
	v, n := binary.Varint(u.data[u.at:])
	if n <= 0 {
		u.fail()
		return 0
	}
	u.at += n
	return v
}

// count reads the length of a list. Every item takes at least one byte.
func (u *unpacker) count() int {
	n := u.uint()
	if n > uint64(len(u.data)-u.at) {
		u.fail()
		return 0
	}
	return int(n)
}

func (u *unpacker) string() string {
	n := u.count()
	text := u.text[u.at : u.at+n]
	u.at += n
	return text
}

func (u *unpacker) bytes() []byte {
	n := u.count()
	data := append(make([]byte, 0, n), u.data[u.at:u.at+n]...)
	u.at += n
	return data
}

func (u *unpacker) strings() []string {
	var list []string
	for range u.count() {
		list = append(list, u.string())
	}
	return list
}

func (u *unpacker) bool() bool { return u.uint() != 0 }

func (u *unpacker) time() time.Time {
	seconds := u.int()
	return time.Unix(seconds, int64(u.uint())).UTC()
}

func (u *unpacker) head(m *wire.Message) {
	m.Method, m.Target, m.Version = u.string(), u.string(), u.string()
	m.Headers = u.headers()
}

func (u *unpacker) headers() signature.Headers {
	n := u.count()
	headers := make(signature.Headers, 0, n)
	for range n {
		headers = append(headers, signature.Header{Name: u.string(), Value: u.string()})
	}
	return headers
}
