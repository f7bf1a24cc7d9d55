package capture

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/export"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// Imported is the result of importing a file.
type Imported struct {
	Imported int       `json:"imported" doc:"how many captures were added"`
	Skipped  []Skipped `json:"skipped" doc:"the records that were skipped, and why"`
	// Unlisted counts what was skipped beyond maxSkipped.
	Unlisted int `json:"unlisted" doc:"how many more records were skipped"`
	// NotHTTP counts the records that never were HTTP, such as a data: URL in a browser's archive.
	// Notes say why.
	NotHTTP int `json:"not_http,omitempty" doc:"how many records never were HTTP, so they cannot be captures"`
	// Notes say what differs between a record and its capture, at most maxSkipped of them.
	Notes []Skipped `json:"notes,omitempty" doc:"what the file omits or changed in the request, and the value used instead"`
}

// Skipped is a record that could not be imported, or a note on one that was.
type Skipped struct {
	Line   int    `json:"line" doc:"the line of the file where it begins, from 1"`
	Record int    `json:"record,omitempty" doc:"the number of the record in the file, from 1"`
	Why    string `json:"why"`
}

// maxSkipped bounds Imported.Skipped and Imported.Notes.
const maxSkipped = 100

// note adds a note, up to maxSkipped.
func (i *Imported) note(record *export.Record, text string) {
	if len(i.Notes) < maxSkipped {
		i.Notes = append(i.Notes, Skipped{record.Line, record.Number, text})
	}
}

// Import adds the captures of a file to a bin, in the file's order. They keep their bytes, time,
// sender, response and problems, and get new sequence numbers; a bin that names a provider checks
// their signatures at the time of the capture. Import skips a record that is wrong. A capture
// without a time gets the time of the import. An error comes from the store or the reader, or wraps
// ErrInvalid: the bin's name cannot be used, or nothing in the file could be imported. Captures
// that were imported before an error stay, and are counted.
func (s *Server) Import(ctx context.Context, name string, format export.Format, file io.Reader) (Imported, error) {
	out := Imported{Skipped: []Skipped{}}
	if err := journal.CheckNewBin(name); err != nil {
		return out, err
	}
	bin := s.bins.get(name)
	now := time.Now()
	for record := range format.Read(file) {
		switch {
		case errors.Is(record.Err, export.ErrNotHTTP):
			out.NotHTTP++
			out.note(&record, record.Err.Error()+": skipped")
			continue
		case errors.Is(record.Err, export.ErrInvalid) && len(out.Skipped) < maxSkipped:
			out.Skipped = append(out.Skipped, Skipped{record.Line, record.Number, record.Err.Error()})
			continue
		case errors.Is(record.Err, export.ErrInvalid):
			out.Unlisted++
			continue
		case record.Err != nil:
			return out, fmt.Errorf("line %d: %w; %d captures were imported before", record.Line, record.Err, out.Imported)
		}
		for _, note := range record.Notes {
			out.note(&record, note)
		}
		c := record.Capture
		if c.At.IsZero() {
			c.At = now
		}
		c.Bin, c.ID, c.Seq = name, "", 0
		if bin != nil && bin.check != nil {
			c.Verification = bin.verify(&c, len(c.Problems) == 0)
		}
		if err := s.o.Store.AppendCapture(ctx, &c); err != nil {
			return out, fmt.Errorf("line %d: %w; %d captures were imported before", record.Line, err, out.Imported)
		}
		out.Imported++
	}
	if out.Imported == 0 && len(out.Skipped) > 0 {
		first := out.Skipped[0]
		return out, fmt.Errorf("%w: nothing in the file can be imported: line %d: %s", ErrInvalid, first.Line, first.Why)
	}
	return out, nil
}
