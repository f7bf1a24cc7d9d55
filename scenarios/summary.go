package scenarios

import (
	"encoding/json"
	"slices"
	"strings"
)

// Summary describes a scenario in lists, without playing it: its Name, File, Description and Tags,
// and the names of the Rows of its table.
type Summary struct {
	Name        string         `json:"name"`
	File        string         `json:"file,omitempty"`
	Description string         `json:"description,omitempty"`
	Tags        []string       `json:"tags"`
	Providers   []string       `json:"providers"` // of its steps and bins, sorted
	Params      []ParamSummary `json:"params"`    // sorted by name
	Rows        []string       `json:"rows,omitempty"`
	Steps       []string       `json:"steps"` // their ids
}

// ParamSummary describes a parameter in lists: its Name, Type and Description. Default is missing
// when every run must set a value.
type ParamSummary struct {
	Name        string          `json:"name"`
	Type        ParamType       `json:"type"`
	Default     json.RawMessage `json:"default,omitempty"`
	Description string          `json:"description,omitempty"`
}

// Summary returns the summary of the scenario.
func (s *Scenario) Summary() Summary {
	sum := Summary{
		Name: s.Name, File: s.file, Description: strings.Join(strings.Fields(s.Description), " "), Tags: append([]string{}, s.Tags...), Providers: s.providers(), Params: []ParamSummary{},
	}
	for _, name := range keys(s.Params) {
		p := s.Params[name]
		one := ParamSummary{Name: name, Type: p.kind(), Default: p.Default, Description: p.Description}
		if n := s.defaultNode(name); n != nil {
			one.Default, _ = json.Marshal(n.Value)
		}
		sum.Params = append(sum.Params, one)
	}
	for _, r := range s.Rows.rows() {
		sum.Rows = append(sum.Rows, r.name)
	}
	for _, step := range s.all() {
		sum.Steps = append(sum.Steps, step.ID)
	}
	return sum
}

// providers returns the providers of the steps and bins, sorted.
func (s *Scenario) providers() []string {
	names := []string{}
	for _, b := range s.Bins {
		names = append(names, b.Provider)
	}
	for _, step := range s.all() {
		switch {
		case step.Subscribe != nil:
			names = append(names, step.Subscribe.Provider)
		case step.Journey != nil:
			names = append(names, step.Journey.Provider)
		case step.Deliver != nil:
			names = append(names, step.Deliver.Provider)
		case step.Burst != nil:
			names = append(names, step.Burst.Provider)
		}
	}
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool { return name == "" })
}
