package markdown

import (
	"bytes"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// Page is a page of Markdown. Several goroutines may use it, because it never changes.
type Page struct{ source []byte }

// Parse parses a page. It returns no error, because every text is Markdown.
func Parse(source []byte) *Page { return &Page{bytes.Clone(source)} }

// Heading is a heading of a page. ID is its anchor.
type Heading struct {
	Level    int
	ID, Text string
}

// Block is a code block or a table.
type Block struct {
	// Marker is the text of the HTML comment directly before the block, or "".
	Marker string
	// Language is the language of code, or "".
	Language string
	// Code is the text of a code block, or "" for a table.
	Code string
	// Rows are the cells of a table as text, without the header row. It is nil for code.
	Rows [][]string
	// Line is the line of the page where the block begins, from 1.
	Line int
}

// reader returns a parser for CommonMark with tables and anchors of headings.
func reader() goldmark.Markdown {
	table := extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute))
	return goldmark.New(
		goldmark.WithExtensions(table), goldmark.WithParserOptions(parser.WithAutoHeadingID()),
	)
}

func (p *Page) tree() ast.Node { return reader().Parser().Parse(text.NewReader(p.source)) }

// Headings lists the headings in order.
func (p *Page) Headings() []Heading {
	var list []Heading
	for n := p.tree().FirstChild(); n != nil; n = n.NextSibling() {
		h, ok := n.(*ast.Heading)
		if !ok {
			continue
		}
		id, _ := h.AttributeString("id")
		anchor, _ := id.([]byte)
		list = append(list, Heading{h.Level, string(anchor), plain(h, p.source)})
	}
	return list
}

// Title returns the first heading of the page up to a colon, and the text after the colon.
func (p *Page) Title() (title, summary string) {
	line, _, _ := bytes.Cut(p.source, []byte("\n"))
	title, summary, _ = strings.Cut(strings.TrimLeft(string(line), "# "), ": ")
	return title, summary
}

// Links lists the targets of all links.
func (p *Page) Links() []string {
	var list []string
	_ = ast.Walk(p.tree(), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if link, ok := n.(*ast.Link); ok && entering {
			list = append(list, string(link.Destination))
		}
		return ast.WalkContinue, nil
	})
	return list
}

// plain returns the text of a node without its markup.
func plain(n ast.Node, source []byte) string {
	var b strings.Builder
	for _, w := range inline(n, source, textStyle{}) {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		for _, part := range w.parts {
			b.WriteString(part.text)
		}
	}
	return b.String()
}
