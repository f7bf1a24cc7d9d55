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

// lineRecord is a line of a JSON Lines file: a capture as the API returns it.
type lineRecord struct {
	journal.Capture
	Redacted []string   `json:"redacted,omitempty"` // names of the redacted secrets
	Head     *exactHead `json:"head,omitempty"`
	// Reply is the response in files of earlier versions, which called it so.
	Reply *journal.Response `json:"reply,omitempty"`
}

// linesFormat returns the format of JSON Lines: one capture on each line.
func linesFormat() Format {
	return Format{
		Name: "jsonl", Text: "JSON Lines: one capture on each line, as the API returns it", MediaType: "application/x-ndjson", Extension: ".jsonl",
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

// readLines reads a file line by line: captures, or the journal of a run of scenarios, of which it
// reads what the run sent. It ignores empty lines. It calls readDocument for a file that is one
// JSON document.
func readLines(r io.Reader) iter.Seq[Record] {
	return func(yield func(Record) bool) {
		in := bufio.NewReaderSize(r, 64<<10)
		// The next read returns the same error.
		if start, _ := in.Peek(SniffLength); isDocument(start) {
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
				var isPlayed bool
				if record.Capture, isPlayed, record.Err = played(line); !isPlayed {
					record.Capture, record.Notes, record.Err = parseLine(line)
				} else if record.Capture.Method == "" && record.Err == nil {
					continue
				}
			}
			if !yield(record) {
				return
			}
		}
	}
}

// SniffLength is how many bytes at the start of a file Sniff needs.
const SniffLength = 4096

// Sniff returns the format of a JSON file with that start: JSON Lines, or HAR, whose reader reads
// any JSON document.
func Sniff(start []byte) (Format, error) {
	if isDocument(start) {
		return Find("har")
	}
	return Find("jsonl")
}

// isDocument reports whether JSON with that start is one document and not JSON Lines: HAR, a list
// of captures of the API, or a capture on several lines.
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
		return l.Capture, nil, fmt.Errorf("%w: want one capture in JSON, as the API returns it: %w", ErrInvalid, err)
	}
	if l.Response == nil {
		l.Response = l.Reply
	}
	l.Head.restore(&l.Message)
	return l.Capture, nil, check(&l.Capture)
}

// readLine reads up to the next line end and removes that. It skips the rest of a line that is too
// long and returns errTooLong.
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
