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

// Page is a Markdown page. It does not change after Parse and is safe for concurrent use.
type Page struct{ source []byte }

// Parse reads a page. It returns no error, because every text is valid Markdown.
func Parse(source []byte) *Page { return &Page{bytes.Clone(source)} }

// Heading is a heading of a page: ID is its anchor.
type Heading struct {
	Level    int
	ID, Text string
}

// Block is a block of code or a table.
type Block struct {
	// Marker is the text of the HTML comment right before the block, or "".
	Marker string
	// Language of code; "" is none.
	Language string
	// Code is the text of the code; "" for a table.
	Code string
	// Rows are the cells of a table as text, without the header row; nil for code.
	Rows [][]string
	// Line of the page where the block begins, from 1.
	Line int
}

// reader returns the parser: CommonMark with tables and with ids for headings.
func reader() goldmark.Markdown {
	table := extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute))
	return goldmark.New(
		goldmark.WithExtensions(table), goldmark.WithParserOptions(parser.WithAutoHeadingID()),
	)
}

func (p *Page) tree() ast.Node { return reader().Parser().Parse(text.NewReader(p.source)) }

// Headings returns the headings in order.
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

// Title returns the first heading, split at its colon into title and summary.
func (p *Page) Title() (title, summary string) {
	line, _, _ := bytes.Cut(p.source, []byte("\n"))
	title, summary, _ = strings.Cut(strings.TrimLeft(string(line), "# "), ": ")
	return title, summary
}

// Links returns the targets of all links.
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

// plain returns the text of a node without markup.
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
