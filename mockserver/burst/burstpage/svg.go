package burstpage

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// plot is one plot: lines over shared labels, or bars.
type plot struct {
	Title, Caption string
	labels         []string
	lines          []line
	bars           bool
}

// line has a value for each label.
type line struct {
	name   string
	values []float64
}

// The drawing area, in units of the SVG.
const (
	width  = 880.0
	height = 260.0
	left   = 64.0
	right  = 16.0
	top    = 12.0
	bottom = 30.0
)

// Names returns the names of the lines, for the legend. The class of the nth is l followed by n.
func (p plot) Names() []string {
	var names []string
	for _, l := range p.lines {
		names = append(names, l.name)
	}
	return names
}

// SVG draws the plot. Colours are classes, so that the page's style decides them. Each point tells
// its values when the pointer is over it.
func (p plot) SVG() template.HTML {
	highest := 0.0
	for _, l := range p.lines {
		for _, v := range l.values {
			highest = math.Max(highest, v)
		}
	}
	step := tick(highest)
	limit := math.Max(step, math.Ceil(highest/step)*step)
	x := func(i int) float64 {
		n := float64(len(p.labels) - 1)
		if p.bars {
			n = float64(len(p.labels))
		}
		return left + (width-left-right)*float64(i)/math.Max(1, n)
	}
	y := func(v float64) float64 { return height - bottom - (height-top-bottom)*v/limit }

	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %g %g" role="img" aria-label="%s: highest value %s">`, width, height, template.HTMLEscapeString(p.Title), number(highest))
	for v := 0.0; v <= limit+step/2; v += step {
		fmt.Fprintf(&b, `<line class="grid" x1="%g" x2="%g" y1="%.1f" y2="%.1f"/><text class="y" x="%g" y="%.1f">%s</text>`, left, width-right, y(v), y(v), left-8, y(v)+4, number(v))
	}
	every := (len(p.labels) + 11) / 12
	for i := 0; i < len(p.labels); i += every {
		at := x(i)
		if p.bars {
			at = (x(i) + x(i+1)) / 2
		}
		fmt.Fprintf(&b, `<text class="x" x="%.1f" y="%g">%s</text>`, at, height-10, template.HTMLEscapeString(p.labels[i]))
	}
	if p.bars {
		for i, v := range p.lines[0].values {
			fmt.Fprintf(&b, `<rect class="l0" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`, x(i)+1, y(v), x(i+1)-x(i)-2, height-bottom-y(v))
		}
	}
	for n, l := range p.lines {
		if p.bars {
			break
		}
		fmt.Fprintf(&b, `<polyline class="l%d" points="`, n)
		for i, v := range l.values {
			fmt.Fprintf(&b, "%.1f,%.1f ", x(i), y(v))
		}
		b.WriteString(`"/>`)
	}
	p.hints(&b, x)
	b.WriteString(`</svg>`)
	return template.HTML(b.String()) // numbers, and escaped labels and names
}

// hints draws an invisible column for each label, whose title has the values.
func (p plot) hints(b *strings.Builder, x func(i int) float64) {
	for i, label := range p.labels {
		from, to := x(i), x(i+1)
		if !p.bars {
			half := (x(1) - x(0)) / 2
			from, to = x(i)-half, x(i)+half
		}
		fmt.Fprintf(b, `<rect class="hint" x="%.1f" y="%g" width="%.1f" height="%g"><title>%s`, from, top, to-from, height-top-bottom, template.HTMLEscapeString(label))
		for _, l := range p.lines {
			fmt.Fprintf(b, "\n%s %s", template.HTMLEscapeString(l.name), number(l.values[i]))
		}
		b.WriteString(`</title></rect>`)
	}
}

// tick returns the distance of the grid lines: 1, 2 or 5 times a power of ten, for about five
// lines.
func tick(highest float64) float64 {
	if highest <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(highest/5)))
	for _, factor := range []float64{1, 2, 5} {
		if highest/(power*factor) <= 5 {
			return power * factor
		}
	}
	return power * 10
}

// number writes a value with as many digits as a reader needs.
func number(v float64) string {
	switch {
	case v >= 100 || v == math.Trunc(v):
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}
