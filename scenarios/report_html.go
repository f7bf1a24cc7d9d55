package scenarios

import (
	_ "embed"
	"html/template"
	"io"
	"slices"

	"github.com/hookrig/hookrig/internal/terminal"
)

//go:embed report.html.tmpl
var htmlReport string

// WriteHTML writes reports as one self-contained HTML page without scripts, fonts or network
// access. Reports that did not pass come first.
func WriteHTML(w io.Writer, reports []Report) error {
	page, err := template.New("report").Parse(htmlReport)
	if err != nil {
		return err
	}
	worstFirst := slices.Clone(reports)
	slices.SortStableFunc(worstFirst, func(a, b Report) int { return b.Status.severity() - a.Status.severity() })
	return page.Execute(terminal.NewWriter(w), struct {
		Total   string
		Reports []Report
	}{total(reports), worstFirst})
}
