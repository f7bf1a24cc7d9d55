package export

import (
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/internal/strictyaml"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// Format is a kind of file for captures.
type Format struct {
	Name      string
	Text      string // a description
	MediaType string
	Extension string // of the file's name, with its dot
	Many      bool   // it can contain several captures; else exactly one

	write func(w io.Writer, captures records, o *Options) error
	read  func(r io.Reader) iter.Seq[Record] // nil if it cannot be read
}

// Captures are written in order. An error ends the writing.
type Captures = iter.Seq2[journal.Capture, error]

// Options control the writing. The zero value redacts secrets.
type Options struct {
	// KeepSecrets keeps secrets. Without it they are replaced by REDACTED: those that package
	// redact knows, and those that a provider of the catalogue sends unchanged. All other bytes
	// stay, except that Content-Length is corrected, a chunked body gets a Content-Length, and a
	// compressed body is decoded. Every format except raw lists the redacted secrets.
	KeepSecrets bool
	// Catalogue has the providers. nil means fixtures.Builtin.
	Catalogue *fixtures.Catalogue
	// Name is the name of the captures in the file, usually that of their bin. "" means "captures".
	Name string
}

// Formats returns all formats.
func Formats() []Format {
	return []Format{rawFormat(), curlFormat(), harFormat(), linesFormat(), scenarioFormat(), goFormat(), schemaFormat()}
}

// Names returns the names of the formats for which keep returns true, or of all formats if keep is
// nil.
func Names(keep func(Format) bool) []string {
	var names []string
	for _, f := range Formats() {
		if keep == nil || keep(f) {
			names = append(names, f.Name)
		}
	}
	return names
}

// Find returns the format with that name. Its error wraps ErrInvalid and lists the formats.
func Find(name string) (Format, error) {
	all := Formats()
	if i := slices.IndexFunc(all, func(f Format) bool { return f.Name == name }); i >= 0 {
		return all[i], nil
	}
	names := Names(nil)
	if near := strictyaml.Nearest(name, names); near != "" {
		return Format{}, fmt.Errorf("%w: format %q: did you mean %q?", ErrInvalid, name, near)
	}
	return Format{}, fmt.Errorf("%w: format %q: want one of %s", ErrInvalid, name, strings.Join(names, ", "))
}

// Write writes captures one by one, so that it needs memory for only one of them. It returns an
// error of captures or of the writer, or one that wraps ErrInvalid. After an error the file is
// incomplete.
func (f Format) Write(w io.Writer, captures Captures, o Options) error {
	if o.Catalogue == nil {
		o.Catalogue = fixtures.Builtin()
	}
	if o.Name == "" {
		o.Name = "captures"
	}
	if !f.Many {
		captures = single(f.Name, captures)
	}
	if o.KeepSecrets {
		return f.write(w, unredacted(captures), &o)
	}
	return f.write(w, newRedactor(o.Catalogue).redacted(captures), &o)
}

// Readable reports whether Read supports the format.
func (f Format) Readable() bool { return f.read != nil }

// One returns a sequence with one capture.
func One(c journal.Capture) Captures {
	return func(yield func(journal.Capture, error) bool) { yield(c, nil) }
}

// single yields one capture, and an error if there is none or more than one.
func single(format string, captures Captures) Captures {
	return func(yield func(journal.Capture, error) bool) {
		n := 0
		for c, err := range captures {
			n++
			if err == nil && n > 1 {
				err = fmt.Errorf("%w: format %s can contain only one capture, and there are several", ErrInvalid, format)
			}
			if !yield(c, err) || err != nil {
				return
			}
		}
		if n == 0 {
			yield(journal.Capture{}, fmt.Errorf("%w: format %s needs one capture, and there is none", ErrInvalid, format))
		}
	}
}
