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

// Paint is an argument of Printf: a word of ours in a colour, which is a code of SGR such as "31"; "" is none.
type Paint struct{ Code, Word string }

// Writer writes to another one, so that nothing steers the terminal. It may be used by several goroutines.
type Writer struct {
	mu   sync.Mutex
	w    io.Writer
	part []byte // the beginning of a character that has not ended
	err  error  // the first one
}

// NewWriter returns the Writer to w; that is w itself if it is one.
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
	for i := 1; i < utf8.UTFMax && i <= len(whole); i++ { // a character may come in pieces
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

// write writes what cannot steer.
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

// end writes the beginning of a character that did not go on.
func (w *Writer) end() {
	w.write(Text(string(w.part)))
	w.part = nil
}

// Err is the first error of writing.
func (w *Writer) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.end()
	return w.err
}

// JSON writes a value, on lines of its own if it is indented.
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

// File is the file that is written to, or nil.
func (w *Writer) File() *os.File {
	file, _ := w.w.(*os.File)
	return file
}

// IsTerminal says whether that is a terminal.
func (w *Writer) IsTerminal() bool {
	file := w.File()
	if file == nil {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// Exact is what files and bodies are written to: byte for byte, unless a terminal would show it.
func (w *Writer) Exact() io.Writer {
	if w.IsTerminal() {
		return w
	}
	return w.w
}

// Redraw begins the line anew that the terminal stands on.
func (w *Writer) Redraw() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.write("\r")
}

// Coloured lets colours through, of a writer that escapes what it is given itself.
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

// Printf adds formatted text; see Sprintf.
func (b *Builder) Printf(format string, args ...any) { b.b.WriteString(Sprintf(format, args...)) }

// String is the text.
func (b *Builder) String() string { return b.b.String() }

// Len is its length, in bytes.
func (b *Builder) Len() int { return b.b.Len() }

// Sprintf formats as fmt.Sprintf does. The format is ours. Every argument that is text, or says what it is in text, stands on one line and is
// escaped; see Line, Lines and Paint.
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
