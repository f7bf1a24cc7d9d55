package ethpass

import (
	"encoding/hex"
	"strings"

	"golang.org/x/crypto/sha3"
)

// isAddress says whether a text is an Ethereum address, in any mixture of cases.
func isAddress(text string) bool { return isHex(text, 40) }

// isHex says whether a text is 0x and so many hex digits.
func isHex(text string, digits int) bool {
	rest, ok := strings.CutPrefix(text, "0x")
	return ok && len(rest) == digits && strings.Trim(rest, "0123456789abcdefABCDEF") == ""
}

// isSolanaAddress says whether a text is 32 bytes in base58, by its length and alphabet.
func isSolanaAddress(text string) bool {
	return len(text) >= 32 && len(text) <= 44 && strings.Trim(text, "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz") == ""
}

// checksummed returns an Ethereum address with the capitals of EIP-55.
func checksummed(address string) string {
	digits := []byte(strings.ToLower(address[2:]))
	sum := hex.EncodeToString(keccak(digits))
	for i, c := range digits {
		if c >= 'a' && sum[i] >= '8' {
			digits[i] = c - 'a' + 'A'
		}
	}
	return "0x" + string(digits)
}

// addressOf returns an address that is always the same for the same text.
func addressOf(text string) string {
	return checksummed("0x" + hex.EncodeToString(keccak([]byte(text))[12:]))
}

func keccak(text []byte) []byte {
	h := sha3.NewLegacyKeccak256()
	h.Write(text)
	return h.Sum(nil)
}
