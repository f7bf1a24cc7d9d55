package journal

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// Digest is a short form of a capture, for programs that compare many.
type Digest struct {
	Seq uint64 `json:"seq" doc:"the capture's number"`
	// Sum is the SHA-256 of the capture's body.
	Sum Sum `json:"sha256" doc:"the SHA-256 of its body, in hex"`
}

// Digest returns the digest of a capture.
func (c *Capture) Digest() Digest { return Digest{c.Seq, sha256.Sum256(c.Body)} }

// Sum is a SHA-256, whose text is hex.
type Sum [sha256.Size]byte

// Hash returns the first 64 bits of the sum.
func (s Sum) Hash() uint64 { return binary.BigEndian.Uint64(s[:]) }

// MarshalText returns the sum in hex.
func (s Sum) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, s[:]), nil }

// UnmarshalText reads 64 hex digits.
func (s *Sum) UnmarshalText(text []byte) error {
	if len(text) != hex.EncodedLen(len(s)) {
		return fmt.Errorf("a SHA-256 in hex has %d digits, got %d", hex.EncodedLen(len(s)), len(text))
	}
	_, err := hex.Decode(s[:], text)
	return err
}
