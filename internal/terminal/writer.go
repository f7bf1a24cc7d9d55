package terminal

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"
)

// Printer prints formatted text; see Writer.Printf.
type Printer interface {
	Printf(format string, args ...any)
}

// Lines is an argument of Printf that may have several lines.
type Lines string

// Paint is an argument of Printf: a trusted word in a colour. Code is an SGR code such as "31"; ""
// means no colour.
type Paint struct{ Code, Word string }

// Writer wraps another writer and escapes control characters. Several goroutines may use it.
type Writer struct {
	mu   sync.Mutex
	w    io.Writer
	part []byte // an incomplete character
	err  error  // the first error
}

// NewWriter returns a Writer for w, or w if it is a Writer.
func NewWriter(w io.Writer) *Writer {
	if already, ok := w.(*Writer); ok {
		return already
	}
	return &Writer{w: w}
}

// Write writes text with its control characters escaped; see Text.
func (w *Writer) Write(text []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	whole := append(w.part, text...)
	end := len(whole)
	for i := 1; i < utf8.UTFMax && i <= len(whole); i++ { // it may end in an incomplete character
		if c := whole[len(whole)-i]; utf8.RuneStart(c) {
			if c >= utf8.RuneSelf && !utf8.FullRune(whole[len(whole)-i:]) {
				end = len(whole) - i
			}
			break
		}
	}
	w.write(Text(string(whole[:end])))
	w.part = append([]byte(nil), whole[end:]...)
	return len(text), w.err
}

// write writes text that is already escaped.
func (w *Writer) write(text string) {
	if w.err == nil && text != "" {
		_, w.err = io.WriteString(w.w, text)
	}
}

// Printf writes formatted text; see Sprintf.
func (w *Writer) Printf(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.end()
	w.write(Sprintf(format, args...))
}

// end writes an incomplete character.
func (w *Writer) end() {
	w.write(Text(string(w.part)))
	w.part = nil
}

// Err returns the first error of writing.
func (w *Writer) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.end()
	return w.err
}

// JSON writes a value as JSON, on several lines if indent is not empty.
func (w *Writer) JSON(v any, indent string) error {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, err := io.WriteString(w, strings.ToValidUTF8(b.String(), "\ufffd"))
	return err
}

// File returns the file behind the writer, or nil.
func (w *Writer) File() *os.File {
	file, _ := w.w.(*os.File)
	return file
}

// IsTerminal reports whether the writer writes to a terminal.
func (w *Writer) IsTerminal() bool {
	file := w.File()
	if file == nil {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// Exact returns a writer for files and bodies: it writes byte for byte, except to a terminal.
func (w *Writer) Exact() io.Writer {
	if w.IsTerminal() {
		return w
	}
	return w.w
}

// Redraw moves the cursor to the start of the line.
func (w *Writer) Redraw() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.write("\r")
}

// Coloured returns a writer that keeps colours, for a program that escapes its input.
func (w *Writer) Coloured() io.Writer { return coloured{w} }

type coloured struct{ w *Writer }

var colour = regexp.MustCompile(`\x1b\[[0-9;]*m`)

func (c coloured) Write(text []byte) (int, error) {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	from := 0
	for _, at := range colour.FindAllIndex(text, -1) {
		c.w.write(Text(string(text[from:at[0]])) + string(text[at[0]:at[1]]))
		from = at[1]
	}
	c.w.write(Text(string(text[from:])))
	return len(text), c.w.err
}

// Builder builds text as Writer does.
type Builder struct{ b strings.Builder }

// Printf appends formatted text; see Sprintf.
func (b *Builder) Printf(format string, args ...any) { b.b.WriteString(Sprintf(format, args...)) }

// String returns the text.
func (b *Builder) String() string { return b.b.String() }

// Len returns the length in bytes.
func (b *Builder) Len() int { return b.b.Len() }

// Sprintf formats like fmt.Sprintf. The format is trusted. Every argument that is text, or has a
// String or Error method, is escaped on one line; see Line, Lines and Paint.
func Sprintf(format string, args ...any) string {
	safe := make([]any, len(args))
	for i, arg := range args {
		safe[i] = argument(arg)
	}
	return fmt.Sprintf(format, safe...)
}

func argument(arg any) any {
	switch arg := arg.(type) {
	case string:
		return Line(arg)
	case Lines:
		return Text(string(arg))
	case Paint:
		if arg.Code == "" || strings.Trim(arg.Code, "0123456789;") != "" {
			return Line(arg.Word)
		}
		return "\x1b[" + arg.Code + "m" + Line(arg.Word) + "\x1b[0m"
	case nil:
		return arg
	}
	switch reflect.ValueOf(arg).Kind() {
	case reflect.Bool, reflect.Float32, reflect.Float64,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return arg
	}
	return Line(fmt.Sprint(arg))
}
