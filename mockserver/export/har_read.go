package export

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"strings"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/journal"
	"github.com/hookrig/hookrig/mockserver/wire"
)

func base64Of(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// readHAR reads the entries of an archive one by one, wherever they stand in it.
func readHAR(r io.Reader) iter.Seq[Record] {
	return func(yield func(Record) bool) {
		in := &harReader{source: r}
		in.dec = json.NewDecoder(in)
		err := in.entries(yield)
		if err == nil || errors.Is(err, errStop) {
			return
		}
		if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
			err = fmt.Errorf("%w: %w: want JSON; nothing behind this place was read", ErrInvalid, err)
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = fmt.Errorf("%w: the file ends too early: want HAR, {\"log\": {\"entries\": […]}}", ErrInvalid)
		}
		yield(Record{Line: in.line(in.dec.InputOffset() + in.space()), Err: err})
	}
}

var errStop = errors.New("the reader has enough")

// harReader is the decoder of an archive and the reader below it, which bounds records and knows where lines end.
type harReader struct {
	dec    *json.Decoder
	source io.Reader
	read   int64
	bound  int64   // of read, while one record is
	ends   []int64 // offsets of the line ends that line has not passed
	passed int
}

// Read is the decoder's.
func (r *harReader) Read(p []byte) (int, error) {
	if r.read >= r.bound {
		return 0, errTooLong
	}
	p = p[:min(int64(len(p)), r.bound-r.read)]
	n, err := r.source.Read(p)
	for i, c := range p[:n] {
		if c == '\n' {
			r.ends = append(r.ends, r.read+int64(i))
		}
	}
	r.read += int64(n)
	return n, err
}

// line is the line of an offset, which is no lower than that of the call before.
func (r *harReader) line(offset int64) int {
	n := 0
	for n < len(r.ends) && r.ends[n] < offset {
		n++
	}
	r.ends = append(r.ends[:0], r.ends[n:]...)
	r.passed += n
	return r.passed + 1
}

// space is how much stands between what was read and the next token.
func (r *harReader) space() int64 {
	rest, _ := io.ReadAll(io.LimitReader(r.dec.Buffered(), 64<<10)) // of memory: it does not fail
	return int64(len(rest) - len(bytes.TrimLeft(rest, " \t\r\n,")))
}

// entries yields the items of the array log.entries.
func (r *harReader) entries(yield func(Record) bool) error {
	found := false
	err := r.object("the file", func(key string) (bool, error) {
		if key != "log" {
			return false, nil
		}
		return true, r.object("log", func(key string) (bool, error) {
			if key != "entries" {
				return false, nil
			}
			found = true
			return true, r.array(yield)
		})
	})
	if err == nil && !found {
		err = fmt.Errorf("%w: it has no log.entries: want HAR, {\"log\": {\"entries\": […]}}", ErrInvalid)
	}
	return err
}

// object goes through the members of an object; those that member does not take are passed over.
func (r *harReader) object(what string, member func(key string) (taken bool, err error)) error {
	if err := r.open('{', what); err != nil {
		return err
	}
	for r.dec.More() {
		key, err := r.token()
		if err != nil {
			return err
		}
		name, _ := key.(string)
		taken, err := member(name)
		if err != nil {
			return err
		}
		if taken {
			continue
		}
		var passed json.RawMessage
		if err := r.decode(&passed); err != nil {
			return err
		}
	}
	_, err := r.token()
	return err
}

func (r *harReader) array(yield func(Record) bool) error {
	if err := r.open('[', "log.entries"); err != nil {
		return err
	}
	for r.dec.More() {
		var raw json.RawMessage
		if err := r.decode(&raw); err != nil {
			return err
		}
		record := Record{Line: r.line(r.dec.InputOffset() - int64(len(raw)))}
		record.Capture, record.Err = parseEntry(raw)
		if !yield(record) {
			return errStop
		}
	}
	_, err := r.token()
	return err
}

func (r *harReader) open(bracket json.Delim, what string) error {
	token, err := r.token()
	if err != nil {
		return err
	}
	if token != bracket {
		return fmt.Errorf("%w: %s is no %s: want HAR, {\"log\": {\"entries\": […]}}", ErrInvalid, what,
			map[json.Delim]string{'{': "object", '[': "array"}[bracket])
	}
	return nil
}

func (r *harReader) token() (json.Token, error) {
	r.bound = r.read + maxRecord
	return r.dec.Token()
}

func (r *harReader) decode(into *json.RawMessage) error {
	r.bound = r.read + maxRecord
	return r.dec.Decode(into)
}

// parseEntry makes a capture of an entry: one of ours as it was, one of another program's as it would have come.
func parseEntry(raw []byte) (c journal.Capture, err error) {
	var e harEntry
	if err := json.NewDecoder(bytes.NewReader(raw)).Decode(&e); err != nil {
		return c, fmt.Errorf("%w: want an entry as HAR has it: %w", ErrInvalid, err)
	}
	c.At = e.StartedDateTime
	c.Method, c.Version = e.Request.Method, e.Request.HTTPVersion
	for _, h := range e.Request.Headers {
		c.Headers = append(c.Headers, signature.Header(h))
	}
	if c.Body, err = e.Request.PostData.bytes(); err != nil {
		return c, err
	}
	if own := e.Own; own != nil {
		c.ID, c.Bin, c.Seq, c.Peer, c.Target = own.ID, own.Bin, own.Seq, own.Peer, own.Target
		c.Reply, c.Verification, c.Problems = own.Reply, own.Verification, own.Problems
		own.Head.restore(&c.Message)
		return c, check(&c)
	}
	if err := e.Request.foreign(&c.Message); err != nil {
		return c, err
	}
	return c, check(&c)
}

// foreign turns what browsers and proxies write into a request as HTTP/1 has it.
func (r *harRequest) foreign(m *wire.Message) error {
	u, err := url.Parse(r.URL)
	if err != nil || u.Host == "" {
		return fmt.Errorf("%w: url %.200q: want an absolute URL", ErrInvalid, r.URL)
	}
	m.Target = u.RequestURI()
	switch version := strings.ToUpper(m.Version); version {
	case "H2", "HTTP/2":
		m.Version = "HTTP/2.0"
	case "H3", "HTTP/3":
		m.Version = "HTTP/3.0"
	case "", "UNKNOWN":
		m.Version = "HTTP/1.1"
	default:
		m.Version = version
	}
	kept := m.Headers[:0]
	for _, h := range m.Headers {
		if !strings.HasPrefix(h.Name, ":") { // HTTP/2's :method and its like
			kept = append(kept, h)
		}
	}
	m.Headers = kept
	if _, ok := m.Headers.Lookup("Host"); !ok {
		m.Headers = append(signature.Headers{{Name: "Host", Value: u.Host}}, m.Headers...)
	}
	return nil
}

// bytes is the body.
func (b *harBody) bytes() ([]byte, error) {
	switch {
	case b == nil:
		return []byte{}, nil
	case b.Encoding == "base64":
		body, err := base64.StdEncoding.DecodeString(b.Text)
		if err != nil {
			return nil, fmt.Errorf("%w: postData.text: %w: want base64, as encoding says", ErrInvalid, err)
		}
		return body, nil
	case b.Encoding != "":
		return nil, fmt.Errorf("%w: postData.encoding %q: want base64, or none", ErrInvalid, b.Encoding)
	case b.Text == "" && len(b.Params) > 0:
		return b.form()
	}
	return []byte(b.Text), nil
}

// form is a body that is given by its fields only.
func (b *harBody) form() ([]byte, error) {
	if mediaType, _, _ := strings.Cut(b.MimeType, ";"); strings.TrimSpace(mediaType) != "application/x-www-form-urlencoded" {
		return nil, fmt.Errorf("%w: postData has params and no text: the bytes of %q cannot be made of them", ErrInvalid, b.MimeType)
	}
	fields := make([]string, len(b.Params))
	for i, p := range b.Params {
		fields[i] = url.QueryEscape(p.Name) + "=" + url.QueryEscape(p.Value)
	}
	return []byte(strings.Join(fields, "&")), nil
}
