package markdown

import (
	"fmt"
	"strings"

	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"

	"github.com/hookrig/hookrig/internal/terminal"
)

// TextOptions say how Text writes.
type TextOptions struct {
	// Width is how many columns a line has; code is never broken.
	Width int
	// Bold has headings and code in bold.
	Bold bool
	// Link is what is written behind a link to another page, by its name.
	Link func(name string) string
}

// Columns that the blocks of a page are indented by.
const (
	textIndent = 2
	codeIndent = 2
)

// Text writes the page for a terminal. An error names a part of Markdown that it does not write.
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
	written bool // a block stands above
	err     error
}

func (w *textWriter) style() textStyle {
	return textStyle{bold: w.o.Bold, ticks: true, link: w.o.Link}
}

// blocks writes the blocks in a node, with an empty line between them if they are apart.
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
		w.err = fmt.Errorf("a page of the manual has a %s, which a terminal is not shown", n.Kind())
	}
}

func (w *textWriter) heading(n *ast.Heading) {
	list := inline(n, w.source, w.style())
	if w.o.Bold {
		list = emboldened(list)
	}
	w.paragraph(list, 0, "")
}

// paragraph writes words, wrapped. The first line begins with a marker that ends where the others
// begin.
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
