package markdown

import (
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"

	"github.com/hookrig/hookrig/internal/terminal"
)

// part is a piece of a word.
type part struct {
	text string
	bold bool
}

// word is text that stays on one line.
type word struct {
	parts []part
	width int // in columns
}

// textStyle says how inline markup is written.
type textStyle struct {
	bold  bool                     // the terminal shows bold text
	ticks bool                     // code that is not bold is written in backticks
	link  func(name string) string // text after a link to a page; may be nil
}

// words collects the words of a paragraph.
type words struct {
	list []word
	open bool // the last word may continue
}

// line adds text without line ends. Spaces in it separate words.
func (w *words) line(text string, bold bool) {
	for rest := text; rest != ""; {
		space := rest[0] == ' '
		end := strings.IndexFunc(rest, func(r rune) bool { return (r == ' ') != space })
		if end < 0 {
			end = len(rest)
		}
		if space {
			w.open = false
		} else {
			w.join(rest[:end], bold)
		}
		rest = rest[end:]
	}
}

// join adds text without white space to the open word, or begins a word.
func (w *words) join(text string, bold bool) {
	if !w.open || len(w.list) == 0 {
		w.list = append(w.list, word{})
	}
	last := &w.list[len(w.list)-1]
	last.parts = append(last.parts, part{text, bold})
	last.width += utf8.RuneCountInString(text)
	w.open = true
}

// inline returns the words of a node.
func inline(n ast.Node, source []byte, style textStyle) []word {
	w := &words{}
	collect(w, n, source, style, false)
	return w.list
}

func collect(w *words, n ast.Node, source []byte, style textStyle, bold bool) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Text:
			w.text(string(c.Segment.Value(source)), bold)
			if c.SoftLineBreak() || c.HardLineBreak() {
				w.open = false
			}
		case *ast.String:
			w.text(string(c.Value), bold)
		case *ast.CodeSpan:
			w.code(plainText(c, source), style, bold)
		case *ast.Emphasis:
			collect(w, c, source, style, style.bold)
		case *ast.AutoLink:
			w.text(string(c.URL(source)), bold)
		case *ast.Link:
			collect(w, c, source, style, bold)
			w.target(string(c.Destination), style)
		case *ast.RawHTML:
		default:
			collect(w, c, source, style, bold)
		}
	}
}

// text adds text of the page without its backslash escapes.
func (w *words) text(text string, bold bool) {
	w.line(unescape(text), bold)
}

// code adds a code span.
func (w *words) code(text string, style textStyle, bold bool) {
	switch {
	case style.bold:
		bold = true
	case style.ticks:
		text = "`" + text + "`"
	}
	w.line(text, bold)
}

// target adds the target of a link.
func (w *words) target(to string, style textStyle) {
	if style.link == nil {
		return
	}
	switch name, _, page := manualLink(to); {
	case page:
		w.line(" ("+style.link(name)+")", false)
	case strings.Contains(to, "://"):
		w.line(" ("+to+")", false)
	}
}

// plainText returns the text of a code span.
func plainText(n ast.Node, source []byte) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if t, ok := c.(*ast.Text); ok {
			b.Write(t.Segment.Value(source))
		}
	}
	return strings.ReplaceAll(b.String(), "\n", " ")
}

// unescape removes the backslash before punctuation.
func unescape(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) && strings.IndexByte("\\`*_{}[]()#+-.!|<>&\"'~", text[i+1]) >= 0 {
			continue
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// write prints words with spaces between them.
func write(p terminal.Printer, list []word) {
	for i, w := range list {
		if i > 0 {
			p.Printf(" ")
		}
		for _, part := range w.parts {
			code := ""
			if part.bold {
				code = "1"
			}
			p.Printf("%s", terminal.Paint{Code: code, Word: part.text})
		}
	}
}

// widthOf returns the width of words with spaces between them.
func widthOf(list []word) int {
	width := max(len(list)-1, 0)
	for _, w := range list {
		width += w.width
	}
	return width
}

// wrap breaks words into lines of at most that many columns. A wider word gets a separate line.
func wrap(list []word, columns int) [][]word {
	var all [][]word
	from, width := 0, 0
	for i, w := range list {
		if i > from && width+1+w.width > columns {
			all = append(all, list[from:i])
			from, width = i, 0
		}
		if i > from {
			width++
		}
		width += w.width
	}
	if from < len(list) {
		all = append(all, list[from:])
	}
	return all
}

// emboldened returns the words in bold.
func emboldened(list []word) []word {
	out := make([]word, len(list))
	for i, w := range list {
		out[i] = word{make([]part, len(w.parts)), w.width}
		for n, part := range w.parts {
			part.bold = true
			out[i].parts[n] = part
		}
	}
	return out
}
