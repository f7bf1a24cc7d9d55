package markdown

import (
	"fmt"
	"strings"

	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"

	"github.com/hookrig/hookrig/internal/terminal"
)

// TextOptions control Text.
type TextOptions struct {
	// Width is the number of columns of a line. Code is never broken.
	Width int
	// Bold writes headings and code in bold.
	Bold bool
	// Link returns the text after a link to another page, given its name.
	Link func(name string) string
}

// These are the indents of blocks in columns.
const (
	textIndent = 2
	codeIndent = 2
)

// Text writes the page for a terminal. It returns an error for Markdown that it does not support.
func (p *Page) Text(to terminal.Printer, o TextOptions) error {
	w := textWriter{to: to, o: o, source: p.source}
	w.blocks(p.tree(), textIndent, true)
	return w.err
}

// textWriter writes one page.
type textWriter struct {
	to      terminal.Printer
	o       TextOptions
	source  []byte
	written bool // a block was written before
	err     error
}

func (w *textWriter) style() textStyle {
	return textStyle{bold: w.o.Bold, ticks: true, link: w.o.Link}
}

// blocks writes the blocks in a node, with an empty line between them if apart is set.
func (w *textWriter) blocks(parent ast.Node, indent int, apart bool) {
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		if n.Kind() == ast.KindHTMLBlock {
			continue
		}
		if w.written && apart {
			w.to.Printf("\n")
		}
		w.block(n, indent)
		w.written = true
	}
}

func (w *textWriter) block(n ast.Node, indent int) {
	switch n := n.(type) {
	case *ast.Heading:
		w.heading(n)
	case *ast.Paragraph, *ast.TextBlock:
		w.paragraph(inline(n, w.source, w.style()), indent, "")
	case *ast.FencedCodeBlock, *ast.CodeBlock:
		w.code(n, indent+codeIndent)
	case *ast.List:
		w.list(n, indent)
	case *east.Table:
		w.table(n, indent)
	default:
		w.err = fmt.Errorf("a page of the manual has a %s, which Text does not support", n.Kind())
	}
}

func (w *textWriter) heading(n *ast.Heading) {
	list := inline(n, w.source, w.style())
	if w.o.Bold {
		list = emboldened(list)
	}
	w.paragraph(list, 0, "")
}

// paragraph writes wrapped words. The first line begins with a marker, and the other lines are
// indented by its width.
func (w *textWriter) paragraph(list []word, indent int, marker string) {
	for i, line := range wrap(list, w.o.Width-indent) {
		if i > 0 {
			marker = ""
		}
		w.to.Printf("%*s", indent, marker)
		write(w.to, line)
		w.to.Printf("\n")
	}
}

func (w *textWriter) code(n ast.Node, indent int) {
	for line := range strings.Lines(lines(n, w.source)) {
		if line = strings.TrimRight(line, "\n"); line == "" {
			w.to.Printf("\n")
			continue
		}
		w.to.Printf("%*s%s\n", indent, "", line)
	}
}

func (w *textWriter) list(n *ast.List, indent int) {
	number := n.Start
	for item := n.FirstChild(); item != nil; item = item.NextSibling() {
		marker := "- "
		if n.IsOrdered() {
			marker = fmt.Sprintf("%d. ", number)
			number++
		}
		inside := indent + len(marker)
		for c := item.FirstChild(); c != nil; c = c.NextSibling() {
			if c == item.FirstChild() && (c.Kind() == ast.KindParagraph || c.Kind() == ast.KindTextBlock) {
				w.paragraph(inline(c, w.source, w.style()), inside, marker)
				continue
			}
			w.block(c, inside)
		}
	}
}
