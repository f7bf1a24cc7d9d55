package expression

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"math/big"
	"net/url"
	"slices"
	"strings"
)

func sumMD5(in []byte) []byte    { sum := md5.Sum(in); return sum[:] }
func sumSHA1(in []byte) []byte   { sum := sha1.Sum(in); return sum[:] }
func sumSHA256(in []byte) []byte { sum := sha256.Sum256(in); return sum[:] }
func sumSHA512(in []byte) []byte { sum := sha512.Sum512(in); return sum[:] }

// sumCRC32 returns the four bytes of the IEEE checksum, most significant first.
func sumCRC32(in []byte) []byte { return binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(in)) }

func encodeHex(in []byte) []byte       { return hex.AppendEncode(nil, in) }
func encodeBase64(in []byte) []byte    { return base64.StdEncoding.AppendEncode(nil, in) }
func encodeBase64URL(in []byte) []byte { return base64.RawURLEncoding.AppendEncode(nil, in) }

func encodeUpperHex(in []byte) []byte {
	const digits = "0123456789ABCDEF"
	out := make([]byte, 0, 2*len(in))
	for _, c := range in {
		out = append(out, digits[c>>4], digits[c&15])
	}
	return out
}

// decimal reads bytes as one unsigned number, most significant first, and writes it in decimal.
func decimal(in []byte) []byte { return new(big.Int).SetBytes(in).Append(nil, 10) }

// sortedKV parses form data and concatenates its decoded names and values, sorted. A repeated pair
// counts once, as in Twilio's libraries. Text with invalid escapes stays as it is.
func sortedKV(form []byte) []byte {
	var pairs [][2]string
	for field := range strings.SplitSeq(string(form), "&") {
		if field == "" {
			continue
		}
		k, v, _ := strings.Cut(field, "=")
		pairs = append(pairs, [2]string{unescapeForm(k), unescapeForm(v)})
	}
	slices.SortFunc(pairs, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	var out []byte
	for _, pair := range slices.Compact(pairs) {
		out = append(append(out, pair[0]...), pair[1]...)
	}
	return out
}

func unescapeForm(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}
