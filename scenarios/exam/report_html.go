package exam

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/hookrig/hookrig/internal/terminal"
	"github.com/hookrig/hookrig/scenarios"
)

//go:embed report.html.tmpl
var htmlReport string

//go:embed report.css
var htmlStyle string

// WriteHTML writes a report as one HTML page, light or dark as the reader's system is. It has no
// script and needs no network.
func WriteHTML(w io.Writer, r Report) error {
	tmpl, err := template.New("exam").Parse(htmlReport)
	if err != nil {
		return err
	}
	hints, err := Hints()
	if err != nil {
		return err
	}
	return tmpl.Execute(terminal.NewWriter(w), newPage(&r, hints))
}

// page is what the template shows.
type page struct {
	*Report
	Class   Verdict // of the worst result
	Summary string
	Started string
	Took    string
	Tallies []levelTally
	Groups  []group
	Style   template.CSS
	Policy  string // the content security policy
}

type levelTally struct {
	Level scenarios.Level
	Tally
}

// group are the checks with one result.
type group struct {
	Name, Anchor string
	Checks       []pageCheck
}

type pageCheck struct {
	*Result
	Class   Verdict
	Word    string
	Lines   []string // of Why
	Open    bool
	NoCurl  string // why there is no curl command
	Code    []codeExample
	Sources []source
}

type codeExample struct{ Language, Text string }

type source struct {
	Text    string
	Address bool
}

func newPage(r *Report, hints map[string]Hint) page {
	sum := sha256.Sum256([]byte(htmlStyle))
	p := page{
		Report: r, Class: Pass, Started: r.Started.UTC().Format("2006-01-02 15:04:05"), Took: time.Duration(r.TookMS * float64(time.Millisecond)).Round(10 * time.Millisecond).String(),
		Style: template.CSS(htmlStyle), Policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'",
	}
	failed := 0
	for _, level := range Levels() {
		tally := *r.Score.Level(level)
		failed += tally.Failed
		p.Tallies = append(p.Tallies, levelTally{level, tally})
	}
	must := r.Score.Must
	p.Summary = fmt.Sprintf("%d of %d must checks passed", must.Passed, must.Graded())
	switch {
	case r.Score.Graded() == 0:
		p.Class, p.Summary = Inconclusive, "Nothing could be graded"
	case failed > 0:
		p.Class = Fail
	case must.Inconclusive > 0:
		p.Class = Inconclusive
		p.Summary += fmt.Sprintf(", %d inconclusive", must.Inconclusive)
	case must.Warned > 0:
		p.Class = Warn
	}
	for _, g := range []struct {
		verdict Verdict
		name    string
	}{{Fail, "Failed"}, {Warn, "Warnings"}, {Inconclusive, "Inconclusive"}, {Pass, "Passed"}, {NotApplicable, "Not applicable"}, {Skipped, "Skipped"}} {
		group := group{Name: g.name, Anchor: "result-" + string(g.verdict)}
		for i := range r.Checks {
			if c := &r.Checks[i]; c.Result == g.verdict {
				group.Checks = append(group.Checks, newPageCheck(c, g.name, hints))
			}
		}
		if len(group.Checks) > 0 {
			p.Groups = append(p.Groups, group)
		}
	}
	return p
}

func newPageCheck(c *Result, word string, hints map[string]Hint) pageCheck {
	p := pageCheck{Result: c, Class: c.Result, Word: strings.ToLower(word), Open: c.Result == Fail && c.Known == ""}
	if c.Why != "" {
		p.Lines = strings.Split(c.Why, "\n")
	}
	if c.Curl == "" {
		p.NoCurl = c.curlText()
	}
	if hint, ok := hints[c.Hint]; ok {
		for _, language := range Languages() {
			p.Code = append(p.Code, codeExample{language, hint.Code(language)})
		}
	}
	for _, s := range c.Sources {
		p.Sources = append(p.Sources, source{s, isAddress(s)})
	}
	return p
}

// isAddress reports whether a source is an address, and not the name of a document.
func isAddress(source string) bool {
	return strings.HasPrefix(source, "https://") || strings.HasPrefix(source, "http://")
}
