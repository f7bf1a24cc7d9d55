package export

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// readDocument reads the captures of a JSON document one by one: the entries of a HAR, anywhere in
// it; captures of the API, in a list or in {"items": […]}; or a sequence of captures on any number
// of lines.
func readDocument(r io.Reader) iter.Seq[Record] {
	return func(yield func(Record) bool) {
		in := &document{source: r}
		in.dec = json.NewDecoder(in)
		err := in.values(yield)
		if err == nil || errors.Is(err, errStop) {
			return
		}
		if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
			err = fmt.Errorf("%w: %w: want JSON; the rest of the file was not read", ErrInvalid, err)
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = fmt.Errorf("%w: the file is truncated: %s", ErrInvalid, wantDocument)
		}
		yield(Record{Line: in.line(in.dec.InputOffset() + in.space()), Err: err})
	}
}

// errStop stops the reading.
var errStop = errors.New("the caller stopped reading")

// document is a JSON decoder and the reader below it, which limits the length of a record and
// counts lines.
type document struct {
	dec    *json.Decoder
	source io.Reader
	read   int64
	bound  int64   // the largest value of read for the current record
	ends   []int64 // offsets of line ends that line has not passed yet
	passed int
}

// Read reads for the decoder.
func (r *document) Read(p []byte) (int, error) {
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

// line returns the line of an offset, which must not be lower than in the call before.
func (r *document) line(offset int64) int {
	n := 0
	for n < len(r.ends) && r.ends[n] < offset {
		n++
	}
	r.ends = append(r.ends[:0], r.ends[n:]...)
	r.passed += n
	return r.passed + 1
}

// space returns the number of bytes between the decoder and the next token.
func (r *document) space() int64 {
	// Reading from memory cannot fail.
	rest, _ := io.ReadAll(io.LimitReader(r.dec.Buffered(), 64<<10))
	return int64(len(rest) - len(bytes.TrimLeft(rest, " \t\r\n,")))
}

// values yields all captures of the document.
func (r *document) values(yield func(Record) bool) error {
	for first := true; ; first = false {
		at := r.dec.InputOffset() + r.space()
		token, err := r.token()
		switch {
		case errors.Is(err, io.EOF) && !first:
			return nil
		case err != nil:
			return err
		case token == json.Delim('['):
			err = r.array(yield, parseLine)
		case token == json.Delim('{'):
			err = r.value(r.line(at+1), yield)
		default:
			return fmt.Errorf("%w: the file is not an object: %s", ErrInvalid, wantDocument)
		}
		if err != nil {
			return err
		}
	}
}

const wantDocument = `want HAR, {"log": {"entries": […]}}, or captures as the API returns them`

// value yields the captures of an opened object, which begins on that line: an archive, a list, or
// one capture.
func (r *document) value(line int, yield func(Record) bool) error {
	lists, found := false, false
	members := []byte{'{'} // of a capture
	err := r.members(func(key string) (bool, error) {
		switch key {
		case "log":
			lists = true
			return true, r.object("log", func(key string) (bool, error) {
				if key != "entries" {
					return false, nil
				}
				found = true
				if err := r.open('[', "log.entries"); err != nil {
					return true, err
				}
				return true, r.array(yield, parseEntry)
			})
		case "items":
			lists, found = true, true
			if err := r.open('[', "items"); err != nil {
				return true, err
			}
			return true, r.array(yield, parseLine)
		}
		return false, nil
	}, func(key string, value json.RawMessage) error {
		if len(members)+len(value) > maxRecord {
			return errTooLong
		}
		if len(members) > 1 {
			members = append(members, ',')
		}
		name, _ := json.Marshal(key) // a string can always be encoded
		members = append(append(append(members, name...), ':'), value...)
		return nil
	})
	switch {
	case err != nil:
		return err
	case lists && !found:
		return fmt.Errorf("%w: it has no log.entries: %s", ErrInvalid, wantDocument)
	case lists:
		return nil
	}
	record := Record{Line: line}
	record.Capture, record.Notes, record.Err = parseLine(append(members, '}'))
	if !yield(record) {
		return errStop
	}
	return nil
}

// object reads the members of the next value, an object. It ignores those that member does not
// take.
func (r *document) object(what string, member func(key string) (taken bool, err error)) error {
	if err := r.open('{', what); err != nil {
		return err
	}
	return r.members(member, func(string, json.RawMessage) error { return nil })
}

// members reads the members of an opened object. It calls other with those that member does not
// take.
func (r *document) members(member func(key string) (taken bool, err error), other func(key string, value json.RawMessage) error) error {
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
		var value json.RawMessage
		if err := r.decode(&value); err != nil {
			return err
		}
		if err := other(name, value); err != nil {
			return err
		}
	}
	_, err := r.token()
	return err
}

// array yields the items of an opened array.
func (r *document) array(yield func(Record) bool, parse func([]byte) (journal.Capture, []string, error)) error {
	for r.dec.More() {
		var raw json.RawMessage
		if err := r.decode(&raw); err != nil {
			return err
		}
		record := Record{Line: r.line(r.dec.InputOffset() - int64(len(raw)))}
		record.Capture, record.Notes, record.Err = parse(raw)
		if !yield(record) {
			return errStop
		}
	}
	_, err := r.token()
	return err
}

func (r *document) open(bracket json.Delim, what string) error {
	token, err := r.token()
	if err != nil {
		return err
	}
	if token != bracket {
		return fmt.Errorf("%w: %s is not an %s: %s", ErrInvalid, what, map[json.Delim]string{'{': "object", '[': "array"}[bracket], wantDocument)
	}
	return nil
}

func (r *document) token() (json.Token, error) {
	r.bound = r.read + maxRecord
	return r.dec.Token()
}

func (r *document) decode(into *json.RawMessage) error {
	r.bound = r.read + maxRecord
	return r.dec.Decode(into)
}
