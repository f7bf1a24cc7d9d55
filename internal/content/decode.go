package content

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"mime"
	"strings"
	"unicode/utf8"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"

	"github.com/hookrig/hookrig/fixtures/signature"
)

// MaxDecoded is the largest decoded body in bytes.
const MaxDecoded = 16 << 20

// maxCodings is the largest number of codings of one body that are undone.
const maxCodings = 4

// Body is the decoded body of a message.
type Body struct {
	// Bytes is the decoded body, in UTF-8 if its character set is known. It is the body as it was
	// sent if decoding was not necessary or failed.
	Bytes []byte
	// Steps are the codings that were undone, in that order.
	Steps []string
	// Problem says why the body could not be decoded. It is "" on success.
	Problem string
	// MediaType is that of the Content-Type line, in lower case and without parameters. It is "" if
	// there is none.
	MediaType string
	// params are the parameters of the Content-Type line.
	params map[string]string
	left   int64 // bytes that its values may still use
}

// Decode decodes the body of m. The result may share memory with m.
func Decode(m *signature.Message) Body {
	b := Body{Bytes: m.Body, left: Ample}
	b.MediaType, b.params = mediaType(m.Headers.Get("Content-Type"))
	if len(m.Body) == 0 {
		return b
	}
	decoded, steps, err := decompress(m.Body, m.Headers.Values("Content-Encoding"))
	if err != nil {
		b.Problem = err.Error()
		return b
	}
	text, charset, err := inUTF8(decoded, b.MediaType, b.params["charset"])
	if err != nil {
		b.Problem = err.Error()
		text = decoded
	} else if charset != "" {
		steps = append(steps, charset)
	}
	b.Bytes, b.Steps = text, steps
	return b
}

// Plain reports whether a body needs no decoding. It is cheap.
func Plain(m *signature.Message) bool {
	for i := range m.Headers {
		name, value := m.Headers[i].Name, m.Headers[i].Value
		if len(name) == len("Content-Encoding") && strings.EqualFold(name, "Content-Encoding") {
			return false
		}
		if len(name) == len("Content-Type") && strings.EqualFold(name, "Content-Type") && strings.Contains(strings.ToLower(value), "charset") {
			_, params := mediaType(value)
			if c := strings.ToLower(params["charset"]); c != "" && c != "utf-8" && c != "utf8" {
				return false
			}
		}
	}
	return markOf(m.Body) == "" && looksLikeUTF16(m.Body) == ""
}

// mediaType parses a Content-Type leniently. It returns "" for one that is invalid.
func mediaType(line string) (string, map[string]string) {
	if line == "" {
		return "", nil
	}
	kind, params, err := mime.ParseMediaType(line)
	if err == nil {
		return kind, params
	}
	kind, rest, _ := strings.Cut(line, ";")
	params = map[string]string{} // first occurrences, with or without quotes
	for param := range strings.SplitSeq(rest, ";") {
		name, value, _ := strings.Cut(param, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if _, twice := params[name]; !twice && name != "" {
			params[name] = strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return strings.ToLower(strings.TrimSpace(kind)), params
}

// errTooLong is the error of a body that is longer than MaxDecoded.
var errTooLong = fmt.Errorf("it has more than %d MiB", MaxDecoded>>20)

// decompress undoes the codings of the Content-Encoding lines, the last one first.
func decompress(body []byte, lines []string) ([]byte, []string, error) {
	var codings []string
	for coding := range strings.SplitSeq(strings.Join(lines, ","), ",") {
		if coding = strings.ToLower(strings.TrimSpace(coding)); coding != "" && coding != "identity" {
			codings = append(codings, strings.TrimPrefix(coding, "x-"))
		}
	}
	if len(codings) > maxCodings {
		return nil, nil, fmt.Errorf("Content-Encoding has %d codings, the limit is %d", len(codings), maxCodings) //nolint:staticcheck // a header's name
	}
	var steps []string
	for i := len(codings) - 1; i >= 0; i-- {
		out, err := undo(codings[i], body)
		if err != nil {
			return nil, nil, fmt.Errorf("the body cannot be decoded as %s: %w", codings[i], err)
		}
		body, steps = out, append(steps, codings[i])
	}
	return body, steps, nil
}

// undo undoes one coding.
func undo(coding string, body []byte) ([]byte, error) {
	in := bytes.NewReader(body)
	switch coding {
	case "gzip":
		return gunzip(in)
	case "deflate": // zlib, or raw deflate, which some senders use
		r, err := zlib.NewReader(in)
		if err != nil {
			in.Reset(body)
			r = flate.NewReader(in)
		}
		out, err := bounded(r)
		return out, errors.Join(err, nothingFollows(in, err))
	case "br":
		return bounded(brotli.NewReader(in))
	case "zstd":
		r, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(2*MaxDecoded), zstd.WithDecoderMaxWindow(8<<20))
		if err != nil {
			return nil, err
		}
		defer r.Close()
		return bounded(r)
	}
	return nil, errors.New("this coding is not known")
}

// gunzip reads all members of a gzip stream and joins them.
func gunzip(in *bytes.Reader) ([]byte, error) {
	r, err := gzip.NewReader(in)
	if err != nil {
		return nil, early(err)
	}
	r.Multistream(false)
	out, err := bounded(r)
	for err == nil && in.Len() > 0 {
		rest := in.Len()
		if r.Reset(in) != nil {
			return nil, followed(rest)
		}
		r.Multistream(false)
		var next []byte
		if next, err = bounded(r); len(out)+len(next) > MaxDecoded {
			return nil, errTooLong
		}
		out = append(out, next...)
	}
	return out, err
}

// nothingFollows returns err, or an error if bytes of in are left.
func nothingFollows(in *bytes.Reader, err error) error {
	if err != nil || in.Len() == 0 {
		return nil
	}
	return followed(in.Len())
}

func followed(n int) error {
	if n == 1 {
		return errors.New("1 byte follows its end")
	}
	return fmt.Errorf("%d bytes follow its end", n)
}

// early replaces an EOF error by a text.
func early(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return errors.New("it ends too early")
	}
	return err
}

// bounded reads at most MaxDecoded bytes.
func bounded(r io.Reader) ([]byte, error) {
	out, err := io.ReadAll(io.LimitReader(r, MaxDecoded+1))
	if err != nil {
		return nil, early(err)
	}
	if len(out) > MaxDecoded {
		return nil, errTooLong
	}
	return out, nil
}

// inUTF8 converts text to UTF-8 and returns the name of its character set. The name is "" if the
// body is UTF-8 already or not text.
func inUTF8(body []byte, kind, charset string) (text []byte, was string, err error) {
	if mark := markOf(body); mark != "" {
		if mark == "utf-8" {
			return body[3:], "byte order mark", nil
		}
		return transcode(body, mark)
	}
	charset = strings.ToLower(strings.TrimSpace(charset))
	switch charset {
	case "", "utf-8", "utf8", "us-ascii", "ascii":
		if guess := looksLikeUTF16(body); guess != "" {
			return transcode(body, guess)
		}
		return body, "", nil
	case "binary":
		return body, "", nil
	}
	if strings.HasPrefix(kind, "multipart/") || strings.HasPrefix(kind, "image/") {
		return body, "", nil
	}
	return transcode(body, charset)
}

// markOf returns the encoding of a byte order mark, or "".
func markOf(body []byte) string {
	switch {
	case bytes.HasPrefix(body, []byte{0xef, 0xbb, 0xbf}):
		return "utf-8"
	case bytes.HasPrefix(body, []byte{0xff, 0xfe, 0, 0}):
		return "utf-32le"
	case bytes.HasPrefix(body, []byte{0, 0, 0xfe, 0xff}):
		return "utf-32be"
	case bytes.HasPrefix(body, []byte{0xff, 0xfe}):
		return "utf-16le"
	case bytes.HasPrefix(body, []byte{0xfe, 0xff}):
		return "utf-16be"
	}
	return ""
}

// looksLikeUTF16 recognises JSON in UTF-16 without a mark by the zero bytes of its first two
// characters, which are ASCII (RFC 4627 §3).
func looksLikeUTF16(body []byte) string {
	if len(body) < 4 || len(body)%2 != 0 {
		return ""
	}
	ascii := func(b byte) bool { return b >= ' ' && b < 0x7f || b == '\n' || b == '\r' || b == '\t' }
	switch {
	case body[0] == 0 && ascii(body[1]) && body[2] == 0 && ascii(body[3]):
		return "utf-16be"
	case ascii(body[0]) && body[1] == 0 && ascii(body[2]) && body[3] == 0:
		return "utf-16le"
	}
	return ""
}

func transcode(body []byte, charset string) ([]byte, string, error) {
	e, err := charsetNamed(charset)
	if err != nil {
		return nil, "", fmt.Errorf("the character set %q is not known", charset)
	}
	if len(body) > MaxDecoded {
		return nil, "", fmt.Errorf("the body cannot be read as %s: %w", charset, errTooLong)
	}
	text, err := e.NewDecoder().Bytes(body)
	switch {
	case err != nil:
		return nil, "", fmt.Errorf("the body cannot be read as %s: %w", charset, err)
	case len(text) > MaxDecoded:
		return nil, "", fmt.Errorf("the body cannot be read as %s: %w", charset, errTooLong)
	// U+FFFD replaces invalid bytes.
	case !utf8.Valid(text), bytes.ContainsRune(text, utf8.RuneError):
		return nil, "", fmt.Errorf("the body is not valid %s", charset)
	}
	return text, charset, nil
}

func charsetNamed(name string) (encoding.Encoding, error) {
	switch name {
	case "utf-16", "utf16":
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM), nil // RFC 2781 §4.3
	case "utf-16le":
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), nil
	case "utf-16be":
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM), nil
	case "utf-32", "utf-32be":
		return utf32.UTF32(utf32.BigEndian, utf32.UseBOM), nil
	case "utf-32le":
		return utf32.UTF32(utf32.LittleEndian, utf32.UseBOM), nil
	}
	return htmlindex.Get(name)
}
