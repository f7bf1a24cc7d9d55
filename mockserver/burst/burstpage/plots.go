package burstpage

import (
	"fmt"
	"html/template"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-analyze/charts"

	"github.com/hookrig/hookrig/mockserver/burst"
)

// plot is one plot in both themes.
type plot struct {
	Title, Caption string
	Light, Dark    template.HTML
}

// The size of a plot, and the largest number of points in it.
const (
	width     = 880
	height    = 300
	maxPoints = 240
)

// line is one line of a plot.
type line struct {
	name   string
	values []float64
}

// plots draws all plots of a report.
func plots(r *burst.Report) ([]plot, error) {
	var list []plot
	add := func(title, caption string, labels []string, lines ...line) error {
		p := plot{Title: title, Caption: caption}
		var err error
		if p.Light, err = draw(charts.ThemeLight, labels, lines); err == nil {
			p.Dark, err = draw(charts.ThemeDark, labels, lines)
		}
		list = append(list, p)
		return err
	}
	points := thin(r.Series)
	if len(points) > 1 {
		labels := make([]string, len(points))
		for i, p := range points {
			labels[i] = strconv.FormatFloat(p.Seconds, 'f', -1, 64) + " s"
		}
		column := func(name string, of func(p burst.Point) float64) line {
			l := line{name: name}
			for _, p := range points {
				l.values = append(l.values, of(p))
			}
			return l
		}
		step := r.StepSeconds * math.Ceil(float64(len(r.Series))/maxPoints)
		rate := []line{
			column("acknowledged", func(p burst.Point) float64 { return float64(p.Acknowledged) / step }),
			column("failed", func(p burst.Point) float64 { return float64(p.Failed) / step }),
			column("dropped", func(p burst.Point) float64 { return float64(p.Dropped) / step }),
		}
		if !r.Shape.Closed() {
			rate = append(rate, column("intended", func(p burst.Point) float64 { return p.Intended }))
		}
		if err := add("Rate", "Events a second, when their response came.", labels, rate...); err != nil {
			return nil, err
		}
		if err := add("Response time", "Milliseconds from when an event was due, over time.", labels,
			column("p50", func(p burst.Point) float64 { return p.ResponseP50 }),
			column("p99", func(p burst.Point) float64 { return p.ResponseP99 }),
			column("max", func(p burst.Point) float64 { return p.ResponseMax })); err != nil {
			return nil, err
		}
		if !r.Shape.Closed() {
			if err := add("Lag", "How late requests started, in milliseconds, over time: p99.", labels,
				column("lag p99", func(p burst.Point) float64 { return p.LagP99 })); err != nil {
				return nil, err
			}
		}
	}
	curves, err := r.Curves()
	if err != nil || len(curves) == 0 {
		return list, err
	}
	var labels []string
	for _, q := range burst.CurvePercentiles() {
		labels = append(labels, "p"+strconv.FormatFloat(q, 'f', -1, 64))
	}
	var lines []line
	for _, c := range curves {
		if c.Name != "lag" && c.Name != "service" || !r.Shape.Closed() {
			lines = append(lines, line{c.Name, c.Milliseconds})
		}
	}
	if err := add("Percentiles", "How long the slowest requests took, in milliseconds: at p99, one in a hundred took longer.", labels, lines...); err != nil {
		return nil, err
	}
	bars, err := r.Distribution()
	if err != nil || len(bars) == 0 {
		return list, err
	}
	labels, counts := nil, make([]float64, len(bars))
	for i, b := range bars {
		labels = append(labels, fmt.Sprintf("%.3g", b.Milliseconds))
		counts[i] = float64(b.N)
	}
	p := plot{Title: "Distribution", Caption: "Requests by response time, in milliseconds. Each bar is wider than the one before by the same factor."}
	if p.Light, err = drawBars(charts.ThemeLight, labels, counts); err == nil {
		p.Dark, err = drawBars(charts.ThemeDark, labels, counts)
	}
	return append(list, p), err
}

// thin merges points until there are at most maxPoints. Counts add up; of times the largest stays.
func thin(points []burst.Point) []burst.Point {
	every := (len(points) + maxPoints - 1) / maxPoints
	if every <= 1 {
		return points
	}
	var merged []burst.Point
	for i := 0; i < len(points); i += every {
		p := points[i]
		for _, q := range points[i+1 : min(i+every, len(points))] {
			p.Sent, p.Acknowledged, p.Failed, p.Dropped = p.Sent+q.Sent, p.Acknowledged+q.Acknowledged, p.Failed+q.Failed, p.Dropped+q.Dropped
			p.ResponseP50, p.ResponseP99, p.ResponseMax, p.LagP99 = max(p.ResponseP50, q.ResponseP50), max(p.ResponseP99, q.ResponseP99), max(p.ResponseMax, q.ResponseMax), max(p.LagP99, q.LagP99)
		}
		merged = append(merged, p)
	}
	return merged
}

func painter(theme string) *charts.Painter {
	return charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputSVG, Width: width, Height: height, Theme: charts.GetTheme(theme)})
}

func draw(theme string, labels []string, lines []line) (template.HTML, error) {
	var data [][]float64
	var names []string
	for _, l := range lines {
		data, names = append(data, l.values), append(names, l.name)
	}
	o := charts.NewLineChartOptionWithData(data)
	o.Theme = charts.GetTheme(theme)
	o.XAxis.Labels = labels
	o.XAxis.LabelCount = min(len(labels), 12)
	o.Legend = charts.LegendOption{SeriesNames: names}
	o.Symbol = charts.Symbol{Shape: charts.SymbolNone}
	o.LineStrokeWidth = 1.6
	o.YAxis[0].Min = charts.Ptr(0.0)
	o.ValueFormatter = number
	p := painter(theme)
	if err := p.LineChart(o); err != nil {
		return "", err
	}
	return svg(p)
}

func drawBars(theme string, labels []string, counts []float64) (template.HTML, error) {
	o := charts.NewBarChartOptionWithData([][]float64{counts})
	o.Theme = charts.GetTheme(theme)
	o.CategoryAxis.Labels = labels
	o.CategoryAxis.LabelCount = min(len(labels), 16)
	o.ValueFormatter = number
	p := painter(theme)
	if err := p.BarChart(o); err != nil {
		return "", err
	}
	return svg(p)
}

// styles are the style attributes of an SVG, which the page's policy forbids.
var styles = regexp.MustCompile(`style="([^"]*)"`)

// svg returns the drawing, made by the library from numbers and our names. Its styles are attributes,
// which mean the same.
func svg(p *charts.Painter) (template.HTML, error) {
	raw, err := p.Bytes()
	if err != nil {
		return "", err
	}
	text := styles.ReplaceAllStringFunc(string(raw), func(style string) string {
		var b strings.Builder
		for setting := range strings.SplitSeq(styles.FindStringSubmatch(style)[1], ";") {
			if name, value, ok := strings.Cut(setting, ":"); ok {
				fmt.Fprintf(&b, "%s=%q ", strings.TrimSpace(name), strings.TrimSpace(value))
			}
		}
		return strings.TrimSpace(b.String())
	})
	return template.HTML(text), nil
}

// number writes a value of an axis.
func number(v float64) string {
	switch {
	case v >= 1000 || v == math.Trunc(v):
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}
