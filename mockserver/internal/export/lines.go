package export

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// lineRecord is a line of a JSON Lines file: a capture as the API has it.
type lineRecord struct {
	journal.Capture
	Redacted []string   `json:"redacted,omitempty"` // names of the secrets that were taken out
	Head     *exactHead `json:"head,omitempty"`
	// Reply is the response in files that were written before it was called so.
	Reply *journal.Response `json:"reply,omitempty"`
}

// linesFormat is JSON Lines: a capture a line.
func linesFormat() Format {
	return Format{
		Name: "jsonl", Text: "JSON Lines: one capture a line, as the API has it", MediaType: "application/x-ndjson", Extension: ".jsonl",
		Many: true, write: writeLines, read: readLines,
	}
}

func writeLines(w io.Writer, captures records, _ *Options) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for c, err := range captures {
		if err != nil {
			return err
		}
		if err := enc.Encode(lineRecord{Capture: c.Clone(), Redacted: c.redacted, Head: newExactHead(&c.Message)}); err != nil {
			return err
		}
	}
	return nil
}

// readLines reads a file line by line; blank ones do not count. A file that is one document of JSON is read as such.
func readLines(r io.Reader) iter.Seq[Record] {
	return func(yield func(Record) bool) {
		in := bufio.NewReaderSize(r, 64<<10)
		if start, _ := in.Peek(SniffLength); isDocument(start) { // an error comes again
			readDocument(in)(yield)
			return
		}
		for n := 1; ; n++ {
			line, err := readLine(in)
			if err != nil && !errors.Is(err, errTooLong) {
				if !errors.Is(err, io.EOF) {
					yield(Record{Line: n, Err: err})
				}
				return
			}
			if len(bytes.TrimSpace(line)) == 0 && err == nil {
				continue
			}
			record := Record{Line: n, Err: err}
			if err == nil {
				record.Capture, record.Notes, record.Err = parseLine(line)
			}
			if !yield(record) {
				return
			}
		}
	}
}

// SniffLength is how much of a file's beginning Sniff looks at, in bytes.
const SniffLength = 4096

// Sniff tells what a file of JSON that begins so holds: JSON Lines, or one document, which the reader of HAR reads.
func Sniff(start []byte) (Format, error) {
	if isDocument(start) {
		return Find("har")
	}
	return Find("jsonl")
}

// isDocument says whether JSON that begins so is one document and not a record a line: HAR, captures as the API lists them, or a
// capture on several lines.
func isDocument(start []byte) bool {
	start = bytes.TrimLeft(start, " \t\r\n")
	if len(start) == 0 {
		return false
	}
	dec := json.NewDecoder(bytes.NewReader(start))
	if first, err := dec.Token(); err != nil || first != json.Delim('{') {
		return start[0] == '['
	}
	switch key, _ := dec.Token(); key {
	case "log", "items", "$schema":
		return true
	}
	line, _, more := bytes.Cut(start, []byte("\n"))
	line = bytes.TrimRight(line, " \t\r")
	return more && (bytes.HasSuffix(line, []byte("{")) || bytes.HasSuffix(line, []byte("[")) || bytes.HasSuffix(line, []byte(",")))
}

func parseLine(line []byte) (journal.Capture, []string, error) {
	var l lineRecord
	if err := json.Unmarshal(line, &l); err != nil {
		return l.Capture, nil, fmt.Errorf("%w: want one capture in JSON, as the API has it: %w", ErrInvalid, err)
	}
	if l.Response == nil {
		l.Response = l.Reply
	}
	l.Head.restore(&l.Message)
	return l.Capture, nil, check(&l.Capture)
}

// readLine reads up to the next line end, without it. Of a line that is too long the rest is passed over, and the error is
// errTooLong.
func readLine(in *bufio.Reader) (line []byte, err error) {
	long := false
	for {
		part, err := in.ReadSlice('\n')
		if long = long || len(line)+len(part) > maxRecord; !long {
			line = append(line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case err != nil && !(errors.Is(err, io.EOF) && (len(line) > 0 || long)):
			return nil, err
		case long:
			return nil, errTooLong
		default:
			return line, nil
		}
	}
}
