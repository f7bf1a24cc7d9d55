package burstpage

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"

	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/mockserver/burst"
)

//go:embed page.html.tmpl
var layout string

//go:embed page.css
var style string

// page is what the template shows.
type page struct {
	*burst.Report
	Passed, Unknown bool
	Title           string
	Conditions      []burst.Condition
	Outcomes        []count
	Reasons         []count
	Times           []times
	Plots           []plot
	Comparison      []burst.Comparison
	Style           template.CSS
	Policy          string // the content security policy
}

type count struct {
	Name string
	N    uint64
}

type times struct {
	Name, Text string
	burst.Latency
}

// Write writes the page of a report. before, if not nil, is the report of an earlier burst to
// compare with.
func Write(w io.Writer, r, before *burst.Report) error {
	tmpl, err := template.New("burst").Parse(layout)
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(style))
	p := &page{
		Report: r, Passed: r.OK(), Unknown: r.Unknown(), Conditions: r.Conditions(), Outcomes: counts(r.Outcomes), Reasons: counts(r.Reasons),
		Style: template.CSS(style), Policy: fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'", base64.StdEncoding.EncodeToString(sum[:])),
		Title: fmt.Sprintf("%d events to %s", r.Sent, r.URLs[0]),
	}
	if !r.Shape.Closed() {
		p.Times = append(p.Times,
			times{"lag", "how late the request started", r.Lag}, times{"service", "from then to the response", r.Service})
	}
	p.Times = append(p.Times, times{"response", "from when the event was due to the response", r.Response}, times{"with 2xx", "the same, of the successful ones", r.SuccessResponse})
	if before != nil {
		p.Comparison = burst.Compare(before, r)
	}
	p.Plots, err = plots(r)
	if err != nil {
		return err
	}
	return tmpl.Execute(terminal.NewWriter(w), p)
}

func counts(of map[string]uint64) []count {
	var list []count
	for _, name := range slices.Sorted(maps.Keys(of)) {
		list = append(list, count{name, of[name]})
	}
	return list
}
