package scenarios

import (
	_ "embed"
	"html/template"
	"io"
)

//go:embed report.html.tmpl
var htmlReport string

// WriteHTML writes reports as one page that needs nothing besides itself: no script, no font, no network.
func WriteHTML(w io.Writer, reports []Report) error {
	page, err := template.New("report").Parse(htmlReport)
	if err != nil {
		return err
	}
	return page.Execute(w, struct {
		Total   string
		Reports []Report
	}{total(reports), reports})
}
