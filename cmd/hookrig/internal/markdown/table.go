package markdown

import (
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"
)

// tableGap is the number of columns between two cells.
const tableGap = 2

// cells are the rows of a table, the header first.
type cells [][][]word

// cells reads a table. It writes code without backticks, because cells usually contain code.
func (w *textWriter) cells(table *east.Table) cells {
	style := w.style()
	style.ticks = false
	var all cells
	for row := table.FirstChild(); row != nil; row = row.NextSibling() {
		var line [][]word
		for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
			list := inline(cell, w.source, style)
			if row.Kind() == east.KindTableHeader {
				list = w.header(list)
			}
			line = append(line, list)
		}
		all = append(all, line)
	}
	return all
}

// header returns the words of a header: in bold, or in capitals.
func (w *textWriter) header(list []word) []word {
	if w.o.Bold {
		return emboldened(list)
	}
	for _, word := range list {
		for i := range word.parts {
			word.parts[i].text = strings.ToUpper(word.parts[i].text)
		}
	}
	return list
}

// table writes a table with aligned columns, or stacked cells if they do not fit.
func (w *textWriter) table(n ast.Node, indent int) {
	all := w.cells(n.(*east.Table))
	widths := all.widths(w.o.Width - indent)
	if widths == nil {
		w.stacked(all, indent)
		return
	}
	for _, row := range all {
		w.row(row, widths, indent)
	}
}

// row writes one row, on as many lines as its longest cell needs.
func (w *textWriter) row(row [][]word, widths []int, indent int) {
	wrapped := make([][][]word, len(row))
	height := 0
	for i, cell := range row {
		wrapped[i] = wrap(cell, widths[i])
		height = max(height, len(wrapped[i]))
	}
	for n := range height {
		pending := indent // columns to fill before the next cell
		for i := range row {
			width := 0
			if n < len(wrapped[i]) {
				w.to.Printf("%*s", pending, "")
				write(w.to, wrapped[i][n])
				pending, width = 0, widthOf(wrapped[i][n])
			}
			pending += widths[i] - width + tableGap
		}
		w.to.Printf("\n")
	}
}

// stacked writes the cells of each row below each other.
func (w *textWriter) stacked(all cells, indent int) {
	for i, row := range all[1:] {
		if i > 0 {
			w.to.Printf("\n")
		}
		for n, cell := range row {
			w.paragraph(cell, indent+textIndent*min(n, 1), "")
		}
	}
}

// widths divides the columns of a line among the cells. It returns nil if a word does not fit.
func (all cells) widths(columns int) []int {
	natural, least := make([]int, len(all[0])), make([]int, len(all[0]))
	for _, row := range all {
		for i, cell := range row {
			natural[i] = max(natural[i], widthOf(cell))
			for _, w := range cell {
				least[i] = max(least[i], w.width)
			}
		}
	}
	free := columns - tableGap*(len(natural)-1)
	if sum(least) > free {
		return nil
	}
	return share(natural, least, free)
}

// share gives every cell the width it needs, narrow ones first, and divides the rest equally.
func share(natural, least []int, free int) []int {
	order := make([]int, len(natural))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return natural[a] - natural[b] })
	widths := make([]int, len(natural))
	needed := sum(least)
	for n, i := range order {
		needed -= least[i]
		part := min(max(free/(len(order)-n), least[i]), free-needed)
		widths[i] = min(natural[i], part)
		free -= widths[i]
	}
	return widths
}

func sum(list []int) int {
	total := 0
	for _, n := range list {
		total += n
	}
	return total
}
