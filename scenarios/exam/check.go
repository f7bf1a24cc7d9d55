package exam

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/internal/strictyaml"
	"github.com/hookrig/hookrig/scenarios"
)

// Check is one check of the exam. Its ID is the name of the scenario that it plays.
type Check struct {
	ID string `json:"id"`
	scenarios.Conformance
	scenario *scenarios.Scenario
}

// Scenario returns the scenario that the check plays.
func (c *Check) Scenario() *scenarios.Scenario { return c.scenario }

// Folder is the folder of the checks within scenarios.Library.
const Folder = "conformance"

// Checks returns the checks that come with hookrig: by level, those that count most first, and then
// by theme and id.
func Checks() ([]Check, error) { return Load(scenarios.Library(), Folder) }

// Load reads the checks of a folder. Every file in it must be one.
func Load(fsys fs.FS, folder string) ([]Check, error) {
	files, err := fs.Glob(fsys, path.Join(folder, "*.yaml"))
	if err != nil {
		return nil, err
	}
	checks := make([]Check, 0, len(files))
	for _, file := range files {
		s, err := scenarios.LoadFS(fsys, file)
		if err != nil {
			return nil, err
		}
		if s.Conformance == nil {
			return nil, fmt.Errorf("%s: a check of the exam needs the key check", file)
		}
		if name := strings.TrimSuffix(path.Base(file), ".yaml"); s.Name != name {
			return nil, fmt.Errorf("%s: the name of the check is %q: want the name of its file, %s", file, s.Name, name)
		}
		checks = append(checks, Check{ID: s.Name, Conformance: *s.Conformance, scenario: s})
	}
	slices.SortStableFunc(checks, func(a, b Check) int {
		return slices.Compare([]int{levelRank(a.Level), themeRank(a.Theme)}, []int{levelRank(b.Level), themeRank(b.Theme)})
	})
	return checks, nil
}

// Levels returns the levels, the highest first.
func Levels() []scenarios.Level {
	return []scenarios.Level{scenarios.Must, scenarios.Should, scenarios.Info}
}

func levelRank(l scenarios.Level) int { return slices.Index(Levels(), l) }

// Themes returns the themes in the order of the report.
func Themes() []scenarios.Theme {
	return []scenarios.Theme{
		"signature", "body", "time", "duplicates", "order", "schema", "transport", "method", "handshake", "rotation", "load", "recovery", "privacy",
	}
}

func themeRank(t scenarios.Theme) int { return slices.Index(Themes(), t) }

// Gates returns the vendors whose checks at registration the exam can make.
func Gates() []scenarios.Gate { return []scenarios.Gate{"xero", "discord", "shopify"} }

// AtGate returns the checks that the vendor of a gate makes; without a gate, those that belong to
// none.
func AtGate(checks []Check, gate scenarios.Gate) []Check {
	return slices.DeleteFunc(slices.Clone(checks), func(c Check) bool {
		if gate == "" {
			return len(c.Gate) > 0
		}
		return !slices.Contains(c.Gate, gate)
	})
}

// Select returns the checks that one of the words names: an id, a theme or a level. No words select
// all. A word that names nothing is an error that suggests the nearest.
func Select(checks []Check, words ...string) ([]Check, error) {
	if len(words) == 0 {
		return checks, nil
	}
	for _, word := range words {
		if !slices.ContainsFunc(checks, func(c Check) bool { return c.named(word) }) {
			return nil, unknownWord(checks, word)
		}
	}
	return slices.DeleteFunc(slices.Clone(checks), func(c Check) bool { return !slices.ContainsFunc(words, c.named) }), nil
}

func (c *Check) named(word string) bool {
	return word == c.ID || word == string(c.Theme) || word == string(c.Level)
}

func unknownWord(checks []Check, word string) error {
	var known []string
	for i := range checks {
		known = append(known, checks[i].ID, string(checks[i].Theme), string(checks[i].Level))
	}
	hint := "hookrig check --list shows all"
	if near := strictyaml.Nearest(word, known); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	return fmt.Errorf("no check has the id, theme or level %q: %s", word, hint)
}

// assumption returns what the provider's file assumes of the facts that the check rests on, or nil.
func (c *Check) assumption(p *fixtures.Provider) *fixtures.Assumption {
	for _, fact := range c.Assumes {
		for i := range p.Assumed {
			if slices.Contains(p.Assumed[i].About, fact) {
				return &p.Assumed[i]
			}
		}
	}
	// A consumer must cope with any order, whatever the list unstated says of it.
	if slices.Contains(c.Assumes, fixtures.RuleTimeout) && !p.Delivery.States(fixtures.RuleTimeout) {
		return &fixtures.Assumption{ID: "unstated", Text: "its time limit is assumed", About: []string{fixtures.RuleTimeout}}
	}
	return nil
}
