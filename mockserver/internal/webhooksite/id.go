package webhooksite

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
)

// newUUID generates the name of a token: RFC 9562 version 4.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return uuidText(b)
}

func uuidText(b [16]byte) string {
	text := hex.EncodeToString(b[:])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}

// A request's UUID is computed from its capture's number, and back, so that nothing is stored. It
// is version 8 of RFC 9562. The first 64 free bits are the number, multiplied so that neighbours
// differ from the first digit on (programs show the first few); then come the number of a file in
// the request, 0 for the request itself, and "hook".
const (
	scatter = 0x9e3779b97f4a7c15
	gather  = 0xf1de83e19937733d // scatter * gather is 1, modulo 2^64
	idEnd   = "hook"
)

func requestID(seq uint64) string { return fileID(seq, 0) }

// fileID returns the UUID of a request's n-th file, from 1.
func fileID(seq uint64, n uint16) string {
	var b [16]byte
	x := seq * scatter
	binary.BigEndian.PutUint64(b[:], x>>16<<16|0x8000|x>>4&0x0fff)
	b[8] = 0x80 | byte(x&0x0f)
	binary.BigEndian.PutUint16(b[10:], n)
	copy(b[12:], idEnd)
	return uuidText(b)
}

// parseID is the reverse of requestID and fileID.
func parseID(id string) (seq uint64, n uint16, ok bool) {
	if len(id) != 36 {
		return 0, 0, false
	}
	raw, err := hex.DecodeString(id[:8] + id[9:13] + id[14:18] + id[19:23] + id[24:])
	if err != nil {
		return 0, 0, false
	}
	head := binary.BigEndian.Uint64(raw)
	x := head>>16<<16 | head&0x0fff<<4 | uint64(raw[8]&0x0f)
	seq, n = x*gather, binary.BigEndian.Uint16(raw[10:])
	return seq, n, fileID(seq, n) == id
}
