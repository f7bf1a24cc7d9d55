package markdown

import (
	"bytes"
	"strings"

	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"
)

// HTML writes the page without its first heading. It changes a link to another page of the manual,
// faults.md, to "faults", because both have the same base address. It omits comments and other
// HTML.
func (p *Page) HTML() (string, error) {
	tree := p.tree()
	var left []ast.Node
	_ = ast.Walk(tree, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.Link:
			if name, anchor, ok := manualLink(string(n.Destination)); ok && entering {
				n.Destination = []byte(name + anchor)
			}
		case *east.TableCell:
			if n.Parent().Kind() == east.KindTableHeader {
				n.SetAttributeString("scope", []byte("col"))
			}
		case *ast.HTMLBlock, *ast.RawHTML:
			if entering {
				left = append(left, n)
			}
		case *ast.Heading:
			if entering && n.Level == 1 {
				left = append(left, n)
			}
		}
		return ast.WalkContinue, nil
	})
	for _, n := range left {
		n.Parent().RemoveChild(n.Parent(), n)
	}
	var b bytes.Buffer
	err := reader().Renderer().Render(&b, p.source, tree)
	return b.String(), err
}

// manualLink splits a link to a page of the manual into its name and "#anchor" or "".
func manualLink(target string) (name, anchor string, ok bool) {
	file, rest, has := strings.Cut(target, "#")
	name, ok = strings.CutSuffix(file, ".md")
	if has {
		anchor = "#" + rest
	}
	return name, anchor, ok && !strings.Contains(name, "/") && name != ""
}
