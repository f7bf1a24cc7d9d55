package scenarios

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/hookrig/hookrig/internal/terminal"
)

//go:embed report.html.tmpl
var htmlReport string

//go:embed report.css
var htmlStyle string

//go:embed report.js
var htmlScript string

// mostPageBytes is about how many bytes of deliveries and exchanges a page shows. The page says
// what it leaves out.
const mostPageBytes = 8 << 20

// WriteHTML writes reports as one self-contained HTML page. It needs no network, and shows
// everything without its script, too. Reports that did not pass come first.
func WriteHTML(w io.Writer, reports []Report) error {
	tmpl, err := template.New("report").Parse(htmlReport)
	if err != nil {
		return err
	}
	worstFirst := slices.Clone(reports)
	slices.SortStableFunc(worstFirst, func(a, b Report) int { return b.Status.severity() - a.Status.severity() })
	return tmpl.Execute(terminal.NewWriter(w), newPage(worstFirst))
}

// htmlPage is what the template shows.
type htmlPage struct {
	Status  Status
	Total   string
	Took    string
	Started time.Time
	Counts  []pageCount // of the scenarios, by status
	Wrong   []pageLink  // the first steps that did not pass
	More    int         // number of further such steps
	Reports []pageReport
	Style   template.CSS
	Script  template.JS
	Policy  string // the content security policy
}

type pageCount struct {
	Status Status
	Number int
}

// pageLink leads to a step.
type pageLink struct {
	To, Scenario, Step, Text string
	Status                   Status
}

type pageReport struct {
	*Report
	Anchor  string
	Took    string
	Summary string
	Steps   []pageStep
}

type pageStep struct {
	*StepReport
	Anchor      string
	Took        string
	First       string   // the first line of the detail
	Rest        []string // the other lines, without the near misses
	Differences []pageDifference
	Deliveries  []pageDelivery
	Exchanges   []pageExchange // those that belong to no attempt
	// Numbers of deliveries and exchanges that are not shown.
	MoreDeliveries, MoreExchanges int
}

// Open reports whether the step is shown in full at first.
func (s *pageStep) Open() bool { return s.Status != Passed && s.Status != Skipped }

// Body reports whether there is more of the step than its first line.
func (s *pageStep) Body() bool {
	return len(s.Rest) > 0 || len(s.Differences) > 0 || len(s.NearMisses) > 0 || len(s.Deliveries) > 0 || len(s.Exchanges) > 0 ||
		s.MoreDeliveries > 0 || s.MoreExchanges > 0 || s.Line > 0
}

// mostLinks is the largest number of links to steps at the top of a page.
const mostLinks = 12

func newPage(reports []Report) htmlPage {
	p := htmlPage{
		Status: Worst(reports), Total: total(reports), Style: template.CSS(htmlStyle), Script: template.JS(htmlScript),
		Policy: fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'", sourceHash(htmlStyle), sourceHash(htmlScript)),
	}
	counts, took, left := map[Status]int{}, 0.0, mostPageBytes
	for i := range reports {
		r := &reports[i]
		counts[r.Status]++
		took += r.TookMS
		if p.Started.IsZero() || !r.Started.IsZero() && r.Started.Before(p.Started) {
			p.Started = r.Started
		}
		shown := newPageReport(r, fmt.Sprintf("s%d", i+1), &left)
		for k := range shown.Steps {
			p.link(&shown, &shown.Steps[k])
		}
		p.Reports = append(p.Reports, shown)
	}
	for _, s := range []Status{Errored, Failed, Inconclusive, Passed} {
		if counts[s] > 0 {
			p.Counts = append(p.Counts, pageCount{s, counts[s]})
		}
	}
	p.Took = span(took)
	return p
}

// sourceHash returns the source of a content security policy that allows exactly this text.
func sourceHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// link adds a link to a step that did not pass.
func (p *htmlPage) link(r *pageReport, s *pageStep) {
	if !s.Open() {
		return
	}
	if len(p.Wrong) == mostLinks {
		p.More++
		return
	}
	p.Wrong = append(p.Wrong, pageLink{To: s.Anchor, Scenario: r.Scenario, Step: s.ID, Status: s.Status, Text: s.First})
}

// newPageReport returns what the page shows of a report. left is the number of bytes that the page
// may still show.
func newPageReport(r *Report, anchor string, left *int) pageReport {
	shown := pageReport{Report: r, Anchor: anchor, Took: span(r.TookMS), Summary: r.summary()}
	for i := range r.Steps {
		shown.Steps = append(shown.Steps, newPageStep(&r.Steps[i], fmt.Sprintf("%s-%d", anchor, i+1), left))
	}
	return shown
}

func newPageStep(s *StepReport, anchor string, left *int) pageStep {
	shown := pageStep{StepReport: s, Anchor: anchor, Took: span(s.TookMS), MoreDeliveries: s.MoreDeliveries, MoreExchanges: s.More}
	var rest string
	shown.First, rest, _ = strings.Cut(s.Detail, "\n")
	for line := range strings.SplitSeq(rest, "\n") {
		if line != "" && (len(s.NearMisses) == 0 || !strings.HasPrefix(line, nearestLine)) {
			shown.Rest = append(shown.Rest, line)
		}
	}
	for _, d := range s.Differences {
		shown.Differences = append(shown.Differences, newPageDifference(d))
	}
	exchanges := map[exchangeKey]*Exchange{}
	for i := range s.Exchanges {
		e := &s.Exchanges[i]
		if e.Attempt > 0 {
			exchanges[exchangeKey{e.ID, e.Attempt}] = e
		}
	}
	for i := range s.Deliveries {
		if *left <= 0 {
			shown.MoreDeliveries++
			continue
		}
		shown.Deliveries = append(shown.Deliveries, newPageDelivery(&s.Deliveries[i], exchanges, left))
	}
	for i := range s.Exchanges {
		e := &s.Exchanges[i]
		if e.Attempt > 0 && exchanges[exchangeKey{e.ID, e.Attempt}] == nil {
			continue // shown with its delivery
		}
		if *left <= 0 {
			shown.MoreExchanges++
			continue
		}
		shown.Exchanges = append(shown.Exchanges, newPageExchange(e, left))
	}
	return shown
}

// span returns a duration in milliseconds for a reader.
func span(ms float64) string {
	switch {
	case ms < 10:
		return fmt.Sprintf("%.1f ms", ms)
	case ms < 1000:
		return fmt.Sprintf("%.0f ms", ms)
	case ms < 60_000:
		return fmt.Sprintf("%.1f s", ms/1000)
	}
	return Duration(time.Duration(ms * float64(time.Millisecond)).Round(time.Second)).String()
}
