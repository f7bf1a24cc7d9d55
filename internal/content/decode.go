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

// MaxDecoded bounds a decoded body, in bytes.
const MaxDecoded = 16 << 20

// mostCodings bounds how many codings of one body are undone.
const mostCodings = 4

// Body is a message's body, decoded.
type Body struct {
	// Bytes is the decoded body: UTF-8 where its character set is known. It is the body as it was sent when nothing had to be decoded, or when
	// it could not be.
	Bytes []byte
	// Steps says what was undone, in that order.
	Steps []string
	// Problem says why the body could not be decoded; "" when it could.
	Problem string
	// MediaType is that of the Content-Type line, in lower case and without parameters; "" without one.
	MediaType string
	// params are those of the Content-Type line.
	params map[string]string
	left   int64 // bytes that its values may take
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

// Plain says whether a message's body needs no decoding at all, which costs next to nothing to find out.
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

// mediaType reads a Content-Type leniently: what cannot be read is no type.
func mediaType(line string) (string, map[string]string) {
	if line == "" {
		return "", nil
	}
	kind, params, err := mime.ParseMediaType(line)
	if err == nil {
		return kind, params
	}
	kind, rest, _ := strings.Cut(line, ";")
	params = map[string]string{} // the first of a name, with or without quotes
	for param := range strings.SplitSeq(rest, ";") {
		name, value, _ := strings.Cut(param, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if _, twice := params[name]; !twice && name != "" {
			params[name] = strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return strings.ToLower(strings.TrimSpace(kind)), params
}

// errTooLong ends the decoding of a body that is longer than MaxDecoded.
var errTooLong = fmt.Errorf("it has more than %d MiB", MaxDecoded>>20)

// decompress undoes the codings of the Content-Encoding lines, the last one first.
func decompress(body []byte, lines []string) ([]byte, []string, error) {
	var codings []string
	for coding := range strings.SplitSeq(strings.Join(lines, ","), ",") {
		if coding = strings.ToLower(strings.TrimSpace(coding)); coding != "" && coding != "identity" {
			codings = append(codings, strings.TrimPrefix(coding, "x-"))
		}
	}
	if len(codings) > mostCodings {
		return nil, nil, fmt.Errorf("Content-Encoding has %d codings, at most %d are undone", len(codings), mostCodings) //nolint:staticcheck // a header's name
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
	case "deflate": // zlib, or without its frame as some send it
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

// gunzip reads the members of a gzip stream, which are joined.
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

// nothingFollows says how many bytes of in were no part of what was read without an error.
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

// early puts the end of a text that was cut into words.
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

// inUTF8 is a text in UTF-8, and the name of the character set that it was in; "" when it was UTF-8 already, or is no text.
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

// markOf is the encoding that a byte order mark names; "" without one.
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

// looksLikeUTF16 recognises JSON in UTF-16 without a mark, by the zero bytes around its first two characters, which are ASCII (RFC 4627 §3).
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
	case !utf8.Valid(text), bytes.ContainsRune(text, utf8.RuneError): // which stands for what could not be read
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
