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

// Format is a kind of file that captures are written as.
type Format struct {
	Name      string
	Text      string // what it is, in words
	MediaType string
	Extension string // of a file's name, with its dot
	Many      bool   // whether it holds several captures; else exactly one

	write func(w io.Writer, captures records, o *Options) error
	read  func(r io.Reader) iter.Seq[Record] // nil: it cannot be read back
}

// Captures are written in their order. An error ends the writing.
type Captures = iter.Seq2[journal.Capture, error]

// Options steer the writing. The zero value redacts.
type Options struct {
	// KeepSecrets leaves secrets as they are. Without it they become REDACTED wherever they stand, by the list of package redact, and in the
	// places where a provider of the catalogue sends its secret as it is. The rest stays byte for byte, but that a Content-Length goes with
	// its body, that a body in chunks has one, and that a body in a content coding is decoded. Every format but raw, which has no room for it, names what was taken out.
	KeepSecrets bool
	// Catalogue knows the providers; nil is fixtures.Builtin.
	Catalogue *fixtures.Catalogue
	// Name is what the captures are called in the file: their bin's, as a rule; "" is "captures".
	Name string
}

// Formats are all there are.
func Formats() []Format {
	return []Format{rawFormat(), curlFormat(), harFormat(), linesFormat(), scenarioFormat(), goFormat(), schemaFormat()}
}

// Names are those of the formats for which keep holds; nil keeps all.
func Names(keep func(Format) bool) []string {
	var names []string
	for _, f := range Formats() {
		if keep == nil || keep(f) {
			names = append(names, f.Name)
		}
	}
	return names
}

// Find returns the format of that name; the error wraps ErrInvalid and says which there are.
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

// Write writes captures, one after the other, so that it needs room for one of them at a time. An error is the captures', the
// writer's, or wraps ErrInvalid; what was written until then is no whole file.
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
		return f.write(w, asTheyAre(captures), &o)
	}
	return f.write(w, newRedactor(o.Catalogue).redacted(captures), &o)
}

// Readable says whether Read can read the format.
func (f Format) Readable() bool { return f.read != nil }

// One is a single capture.
func One(c journal.Capture) Captures {
	return func(yield func(journal.Capture, error) bool) { yield(c, nil) }
}

// single passes one capture on, and an error if there is none or another.
func single(format string, captures Captures) Captures {
	return func(yield func(journal.Capture, error) bool) {
		n := 0
		for c, err := range captures {
			n++
			if err == nil && n > 1 {
				err = fmt.Errorf("%w: format %s holds one capture, and there are several", ErrInvalid, format)
			}
			if !yield(c, err) || err != nil {
				return
			}
		}
		if n == 0 {
			yield(journal.Capture{}, fmt.Errorf("%w: format %s holds one capture, and there is none", ErrInvalid, format))
		}
	}
}
