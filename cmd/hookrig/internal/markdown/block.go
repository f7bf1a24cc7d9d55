package markdown

import (
	"bytes"
	"strings"

	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"
)

// Blocks lists the code blocks and tables at the top level of the page.
func (p *Page) Blocks() []Block {
	var list []Block
	marker := ""
	for n := p.tree().FirstChild(); n != nil; n = n.NextSibling() {
		b := Block{Marker: marker, Line: p.line(n)}
		marker = ""
		switch n := n.(type) {
		case *ast.HTMLBlock:
			marker = comment(lines(n, p.source))
			continue
		case *ast.FencedCodeBlock:
			b.Language, b.Code = string(n.Language(p.source)), lines(n, p.source)
		case *ast.CodeBlock:
			b.Code = lines(n, p.source)
		case *east.Table:
			b.Rows = rows(n, p.source)
		default:
			continue
		}
		list = append(list, b)
	}
	return list
}

// line returns the line on which the content of a node begins, from 1.
func (p *Page) line(n ast.Node) int {
	for ; n != nil; n = n.FirstChild() {
		if n.Type() != ast.TypeInline && n.Lines() != nil && n.Lines().Len() > 0 {
			return 1 + bytes.Count(p.source[:n.Lines().At(0).Start], []byte("\n"))
		}
	}
	return 1
}

// lines returns the source text of a block.
func lines(n ast.Node, source []byte) string {
	var b strings.Builder
	for i := range n.Lines().Len() {
		line := n.Lines().At(i)
		b.Write(line.Value(source))
	}
	return b.String()
}

// comment returns the text of an HTML comment, or "".
func comment(html string) string {
	html = strings.TrimSpace(html)
	inside, ok := strings.CutPrefix(html, "<!--")
	if !ok {
		return ""
	}
	return strings.TrimSpace(strings.TrimSuffix(inside, "-->"))
}

// rows returns the cells of a table's body.
func rows(table *east.Table, source []byte) [][]string {
	list := [][]string{}
	for row := table.FirstChild(); row != nil; row = row.NextSibling() {
		if row.Kind() == east.KindTableHeader {
			continue
		}
		var cells []string
		for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
			cells = append(cells, plain(cell, source))
		}
		list = append(list, cells)
	}
	return list
}
