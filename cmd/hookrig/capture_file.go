package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"time"

	"github.com/hookrig/hookrig/mockserver"
)

// captureFile is a file of captures. It can be read several times.
type captureFile struct {
	name   string
	file   *os.File
	format mockserver.FileFormat // without a name for one raw request
	remove bool                  // it is a copy of standard input
}

// openCaptures opens a file. It copies standard input (-) to a temporary file.
func openCaptures(w World, name string) (*captureFile, error) {
	f := &captureFile{name: inputName(name)}
	var err error
	if name == "-" {
		f.remove = true
		if f.file, err = os.CreateTemp("", "hookrig-*"); err != nil {
			return nil, inconclusive(err)
		}
		if _, err = io.Copy(f.file, w.Stdin); err != nil {
			f.Close()
			return nil, inconclusive(fmt.Errorf("standard input: %w", err))
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

// Close closes the file. It removes a copy of standard input.
func (f *captureFile) Close() error {
	err := f.file.Close()
	if f.remove {
		err = errors.Join(err, os.Remove(f.file.Name()))
	}
	return err
}

// sniff recognises the format: a JSON document (HAR, or captures of the API), JSON Lines, or a raw
// request.
func (f *captureFile) sniff() (mockserver.FileFormat, error) {
	if _, err := f.file.Seek(0, io.SeekStart); err != nil {
		return mockserver.FileFormat{}, err
	}
	in := bufio.NewReaderSize(f.file, mockserver.SniffLength)
	start, err := in.Peek(mockserver.SniffLength)
	if err != nil && !errors.Is(err, io.EOF) {
		return mockserver.FileFormat{}, err
	}
	start = bytes.TrimSpace(bytes.TrimPrefix(start, []byte("\ufeff")))
	switch {
	case len(start) == 0:
		return mockserver.FileFormat{}, errors.New("the file is empty: want captures as JSON Lines or HAR, or a raw HTTP request")
	case start[0] != '{' && start[0] != '[':
		return mockserver.FileFormat{}, nil
	case strings.HasSuffix(f.name, ".har"):
		return mockserver.FindFormat("har")
	}
	return mockserver.SniffFormat(start)
}

// records reads the file from the start.
func (f *captureFile) records() iter.Seq[mockserver.FileRecord] {
	return func(yield func(mockserver.FileRecord) bool) {
		if _, err := f.file.Seek(0, io.SeekStart); err != nil {
			yield(mockserver.FileRecord{Line: 1, Err: err})
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

// importable returns the file in a format that a server can import. It converts a raw request to
// JSON Lines.
func (f *captureFile) importable() (mockserver.FileFormat, io.Reader, error) {
	if f.format.Name != "" {
		if _, err := f.file.Seek(0, io.SeekStart); err != nil {
			return f.format, nil, inconclusive(err)
		}
		return f.format, f.file, nil
	}
	lines, err := mockserver.FindFormat("jsonl")
	if err != nil {
		return lines, nil, err
	}
	if _, err := f.file.Seek(0, io.SeekStart); err != nil {
		return lines, nil, inconclusive(err)
	}
	record := f.raw()
	if record.Err != nil {
		return lines, nil, misusef("%s: %w", f.name, record.Err)
	}
	var line bytes.Buffer
	err = lines.Write(&line, mockserver.OneCapture(record.Capture), mockserver.FileOptions{KeepSecrets: true})
	return lines, &line, err
}

// raw reads the file as one raw request.
func (f *captureFile) raw() mockserver.FileRecord {
	raw, err := io.ReadAll(io.LimitReader(f.file, maxVerifyInput+1))
	if err == nil && len(raw) > maxVerifyInput {
		err = fmt.Errorf("a raw request has at most %d MiB", maxVerifyInput>>20)
	}
	if err != nil {
		return mockserver.FileRecord{Line: 1, Number: 1, Err: err}
	}
	m, err := mockserver.ParseRequest(raw)
	if err != nil {
		err = fmt.Errorf("%w: %w", mockserver.ErrFile, err)
	}
	return mockserver.FileRecord{Line: 1, Number: 1, Capture: mockserver.Capture{Message: m, ID: "request"}, Err: err}
}

// check reads the whole file before anything is sent. sendable returns the corrections of a
// capture, or an error if it cannot be sent. check prints every mistake and correction with its
// location. It returns the number of skipped records, or an error if a record is wrong and skip is
// not set. It always skips records that are not HTTP.
func (f *captureFile) check(w World, skip bool, sendable func(*mockserver.Capture) ([]string, error)) (skipped int, err error) {
	const most = 50
	found, wrong, printed := 0, 0, 0
	report := func(record *mockserver.FileRecord, text string) {
		if printed++; printed <= most {
			w.Stderr.Printf("%s: %s\n", f.location(record), text)
		}
	}
	for record := range f.records() {
		notes, err := record.Notes, record.Err
		if err == nil {
			var more []string
			more, err = sendable(&record.Capture)
			notes = append(notes, more...)
		}
		switch {
		case err == nil:
			found++
			for _, note := range notes {
				report(&record, note)
			}
		case errors.Is(err, mockserver.ErrNotHTTP):
			skipped++
			report(&record, err.Error()+": skipped")
		case errors.Is(err, mockserver.ErrFile) || errors.Is(err, mockserver.ErrReplay):
			wrong++
			text := err.Error()
			if skip {
				text += ": skipped"
			}
			report(&record, text)
		default:
			return 0, inconclusive(fmt.Errorf("%s: %w", f.name, err))
		}
	}
	if printed > most {
		w.Stderr.Printf("%s: %d more lines like these\n", f.name, printed-most)
	}
	switch {
	case wrong > 0 && !skip:
		return 0, misusef("%s: %d records are wrong, so nothing was sent: --skip-invalid skips them", f.name, wrong)
	case found == 0 && skipped+wrong > 0:
		return 0, misusef("%s: none of the %d records can be sent", f.name, skipped+wrong)
	case found == 0:
		return 0, misusef("%s contains no capture", f.name)
	}
	return skipped + wrong, nil
}

// location returns the file, line and, if a line has several records, the number of a record.
func (f *captureFile) location(r *mockserver.FileRecord) string {
	return locationOf(f.name, r.Line, r.Number)
}

func locationOf(name string, line, number int) string {
	if number == 0 {
		return fmt.Sprintf("%s:%d", name, line)
	}
	return fmt.Sprintf("%s:%d: record %d", name, line, number)
}

// sendable yields the captures that can be sent to the URL. check has reported the others.
func (f *captureFile) sendable(w World, change *mockserver.ReplayChange, to string) iter.Seq2[mockserver.Capture, error] {
	return func(yield func(mockserver.Capture, error) bool) {
		warned := false
		for record := range f.records() {
			c := record.Capture
			if record.Err != nil && !errors.Is(record.Err, mockserver.ErrFile) && !errors.Is(record.Err, mockserver.ErrNotHTTP) {
				yield(c, record.Err)
				return
			}
			if record.Err != nil {
				continue
			}
			if _, _, err := change.Apply(c.Message, to, c.At, time.Now()); err != nil {
				continue
			}
			if !warned && strings.Contains(string(mockserver.AppendRequest(nil, c.Message)), mockserver.Redacted) {
				warned = true
				w.Stderr.Printf("line %d: %s replaces a secret; export with --secrets keep to include secrets\n", record.Line, mockserver.Redacted)
			}
			if !yield(c, nil) {
				return
			}
		}
	}
}
