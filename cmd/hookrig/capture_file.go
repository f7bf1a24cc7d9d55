package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"time"

	"github.com/hookrig/hookrig/mockserver/export"
	"github.com/hookrig/hookrig/mockserver/journal"
	"github.com/hookrig/hookrig/mockserver/wire"
)

// captureFile is a file of captures, which is read more than once.
type captureFile struct {
	name   string
	file   *os.File
	format export.Format // none: one raw request
	remove bool          // it was made of standard input
}

// openCaptures opens a file, or keeps what comes from standard input (-) in one.
func openCaptures(w World, name string) (*captureFile, error) {
	f := &captureFile{name: inputName(name)}
	var err error
	if name == "-" {
		f.remove = true
		if f.file, err = os.CreateTemp("", "hookrig-*"); err != nil {
			return nil, noVerdict(err)
		}
		if _, err = io.Copy(f.file, w.Stdin); err != nil {
			f.Close()
			return nil, noVerdict(fmt.Errorf("standard input: %w", err))
		}
	} else if f.file, err = os.Open(name); err != nil {
		return nil, misuse(err)
	}
	if f.format, err = f.sniff(); err != nil {
		f.Close()
		return nil, misusef("%s: %w", f.name, err)
	}
	return f, nil
}

// Close closes the file, and removes one that was made of standard input.
func (f *captureFile) Close() error {
	err := f.file.Close()
	if f.remove {
		err = errors.Join(err, os.Remove(f.file.Name()))
	}
	return err
}

// sniff tells HAR from JSON Lines, and both from a raw request.
func (f *captureFile) sniff() (export.Format, error) {
	if _, err := f.file.Seek(0, io.SeekStart); err != nil {
		return export.Format{}, err
	}
	in := bufio.NewReader(f.file)
	start, err := in.Peek(4096)
	if err != nil && !errors.Is(err, io.EOF) {
		return export.Format{}, err
	}
	start = bytes.TrimSpace(bytes.TrimPrefix(start, []byte("\ufeff")))
	switch {
	case len(start) == 0:
		return export.Format{}, errors.New("it is empty: want captures as JSON Lines or HAR, or a raw HTTP request")
	case start[0] != '{':
		return export.Format{}, nil
	case strings.HasSuffix(f.name, ".har") || beginsWith(start, "log"):
		return export.Find("har")
	}
	return export.Find("jsonl")
}

// beginsWith says whether that is the first member of a JSON object.
func beginsWith(object []byte, member string) bool {
	dec := json.NewDecoder(bytes.NewReader(object))
	_, _ = dec.Token()
	key, err := dec.Token()
	return err == nil && key == member
}

// records reads the file from its beginning.
func (f *captureFile) records() iter.Seq[export.Record] {
	return func(yield func(export.Record) bool) {
		if _, err := f.file.Seek(0, io.SeekStart); err != nil {
			yield(export.Record{Line: 1, Err: err})
			return
		}
		if f.format.Name == "" {
			yield(f.raw())
			return
		}
		for record := range f.format.Read(f.file) {
			if !yield(record) {
				return
			}
		}
	}
}

// raw reads the file as one request.
func (f *captureFile) raw() export.Record {
	raw, err := io.ReadAll(io.LimitReader(f.file, maxVerifyInput+1))
	if err == nil && len(raw) > maxVerifyInput {
		err = fmt.Errorf("a raw request has at most %d MiB", maxVerifyInput>>20)
	}
	if err != nil {
		return export.Record{Line: 1, Err: err}
	}
	m, err := wire.ParseRequest(raw)
	return export.Record{Line: 1, Capture: journal.Capture{Message: m, ID: "request", At: time.Now()}, Err: err}
}

// check reads the whole file, and tells every mistake with its line.
func (f *captureFile) check(w World) error {
	const told = 50
	found, wrong := 0, 0
	for record := range f.records() {
		if record.Err == nil {
			found++
			continue
		}
		if wrong++; wrong <= told {
			fmt.Fprintf(w.Stderr, "%s:%d: %v\n", f.name, record.Line, record.Err)
		}
	}
	switch {
	case wrong > 0:
		return misusef("%s: %d of its records are wrong, and nothing was sent", f.name, wrong)
	case found == 0:
		return misusef("%s holds no capture", f.name)
	}
	return nil
}
