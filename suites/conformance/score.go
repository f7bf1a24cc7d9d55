package conformance

import (
	"bytes"
	"encoding/json"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"

	"github.com/hookrig/hookrig/scenarios/exam"
)

// The score follows all specs, wherever in the suite they were registered. Ginkgo takes this node
// only from the top level, and gives it the reports of all parallel processes.
var _ = ReportAfterSuite("webhook consumers and senders: score", func(r Report) {
	for _, one := range scores(r.SpecReports) {
		AddReportEntry(one.name, one.text, ReportEntryVisibilityAlways)
	}
})

// score is the score of the specs of one container.
type score struct{ name, text string }

// scores returns the scores, in the order of the specs.
func scores(specs []types.SpecReport) []score {
	var names []string
	reports := map[string]*exam.Report{}
	for i := range specs {
		e := entryOf(&specs[i])
		if e == nil {
			continue
		}
		texts := specs[i].ContainerHierarchyTexts
		name := strings.Join(texts[:len(texts)-1], " ") // the last is the name of a group
		if reports[name] == nil {
			names = append(names, name)
			reports[name] = &exam.Report{Sender: e.Sender, URL: e.URL, Provider: e.Provider, Event: e.Event, Option: e.Option, Seed: e.Seed, Notes: e.Notes, Problem: e.Problem, EffectProblem: e.EffectProblem}
		}
		reports[name].Checks = append(reports[name].Checks, *e.result())
		reports[name].Score.Add(e.result())
	}
	list := make([]score, 0, len(names))
	for _, name := range names {
		list = append(list, score{name, summary(*reports[name])})
	}
	return list
}

// entryOf returns the entry of a spec, or nil. It comes as JSON from another process.
func entryOf(spec *types.SpecReport) *entry {
	for _, found := range spec.ReportEntries {
		if found.Name != entryName {
			continue
		}
		if e, ok := found.GetRawValue().(entry); ok {
			return &e
		}
		var e entry
		if json.Unmarshal([]byte(found.Value.AsJSON), &e) == nil && len(e.Checks) == 1 {
			return &e
		}
	}
	return nil
}

// summary returns the score, and what did not pass. Failures have been described where they
// occurred.
func summary(r exam.Report) string {
	for i := range r.Checks {
		if c := &r.Checks[i]; fails(c) {
			c.Why, _, _ = strings.Cut(c.Why, "\n")
			c.Fix, c.Command = "", ""
		}
	}
	var text bytes.Buffer
	_ = exam.WriteText(&text, r, exam.TextOptions{}) // a buffer takes all
	return strings.TrimRight(text.String(), "\n")
}
