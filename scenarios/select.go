package scenarios

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
)

// ErrSelect means that nothing has the name of a selection.
var ErrSelect = errors.New("nothing to select")

// Select returns the scenarios that the selections name, in the order of the list; without
// selections all. A selection is the name of a scenario or of a row of its table (NAME/ROW), a tag,
// or the id of a step; name:, tag: and step: before it say which. Names may be patterns, such as
// "order-*". A scenario with rows is selected as one for each row.
//
// A selected step is played with the steps that it needs: those that it refers to, setup and
// teardown, and the subscribe, respond, advance and call steps before it. The other steps are
// skipped.
func Select(list []*Scenario, selections ...string) ([]*Scenario, error) {
	if len(selections) == 0 {
		return list, nil
	}
	var cases []*Scenario
	for _, s := range list {
		cases = append(cases, s.Cases()...)
	}
	whole := make([]bool, len(cases))
	steps := make([]map[string]bool, len(cases))
	var problems []error
	for _, text := range selections {
		if !mark(cases, text, whole, steps) {
			problems = append(problems, fmt.Errorf("%w: %q: %s", ErrSelect, text, selectable(cases, text)))
		}
	}
	var selected []*Scenario
	for i, c := range cases {
		switch {
		case whole[i]:
			selected = append(selected, c)
		case steps[i] != nil:
			one := *c
			one.only = one.needed(steps[i])
			selected = append(selected, &one)
		}
	}
	return selected, errors.Join(problems...)
}

// mark marks what one selection names. It reports whether there is anything.
func mark(cases []*Scenario, text string, whole []bool, steps []map[string]bool) bool {
	kind, name, ok := strings.Cut(text, ":")
	if !ok || !slices.Contains([]string{"name", "tag", "step"}, kind) {
		kind, name = "", text
	}
	found := false
	for i, c := range cases {
		if kind != "tag" && kind != "step" && c.hasName(name) {
			whole[i], found = true, true
		}
	}
	for i, c := range cases {
		if !found && kind != "name" && kind != "step" && slices.Contains(c.Tags, name) {
			whole[i] = true
		}
	}
	found = found || kind != "name" && kind != "step" && slices.ContainsFunc(cases, func(c *Scenario) bool { return slices.Contains(c.Tags, name) })
	if found || kind == "name" || kind == "tag" {
		return found
	}
	for i, c := range cases {
		for _, s := range c.all() {
			if s.ID == name {
				if steps[i] == nil {
					steps[i] = map[string]bool{}
				}
				steps[i][name], found = true, true
			}
		}
	}
	return found
}

// hasName reports whether a pattern matches the scenario's name, with or without its row.
func (s *Scenario) hasName(pattern string) bool {
	for _, name := range []string{s.Name, s.baseName()} {
		if ok, err := path.Match(pattern, name); name == pattern || err == nil && ok {
			return true
		}
	}
	return false
}

// baseName returns the name of the scenario without that of its row.
func (s *Scenario) baseName() string {
	if s.row == nil {
		return s.Name
	}
	return strings.TrimSuffix(s.Name, "/"+s.row.name)
}

// selectable returns a hint with the nearest name, tag or step, or all names.
func selectable(cases []*Scenario, text string) string {
	var names, all []string
	for _, c := range cases {
		names = append(names, c.baseName())
		all = append(all, c.Tags...)
		for _, s := range c.all() {
			all = append(all, s.ID)
		}
	}
	for _, prefix := range []string{"name:", "tag:", "step:"} {
		text = strings.TrimPrefix(text, prefix)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if hint := didYouMean(text, append(names[:len(names):len(names)], all...)); strings.HasPrefix(hint, "did") {
		return hint
	}
	return "no scenario, tag or step has this name; scenarios: " + strings.Join(names, ", ")
}

// needed returns the ids of the steps that must be played for some steps.
func (s *Scenario) needed(selected map[string]bool) map[string]bool {
	all := s.all()
	last := 0
	for i, step := range all {
		if selected[step.ID] {
			last = i
		}
	}
	needed := map[string]bool{}
	for id := range selected {
		needed[id] = true
	}
	for i, step := range all {
		inSteps := i >= len(s.Setup) && i < len(s.Setup)+len(s.Steps)
		if !inSteps || i < last && slices.Contains([]string{"subscribe", "respond", "advance", "call"}, step.Verb()) {
			needed[step.ID] = true
		}
	}
	for i := len(all) - 1; i >= 0; i-- { // steps refer to earlier ones only
		if !needed[all[i].ID] {
			continue
		}
		for _, earlier := range all[:i] {
			if s.refersTo(all[i], earlier.ID) {
				needed[earlier.ID] = true
			}
		}
	}
	return needed
}

// refersTo reports whether a step refers to another one.
func (s *Scenario) refersTo(step *Step, id string) bool {
	var ids []string
	if d := step.Deliver; d != nil {
		ids = append(ids, d.From, d.To)
	}
	if step.Replay != nil {
		ids = append(ids, step.Replay.Of)
	}
	for _, e := range step.Expect {
		if e.Captures != nil {
			ids = append(ids, e.Captures.Since)
		}
		if e.Never != nil {
			ids = append(ids, e.Never.Since)
		}
		if e.Deliveries != nil {
			ids = append(ids, e.Deliveries.Of)
		}
		if e.Response != nil {
			ids = append(ids, e.Response.Of)
		}
		if e.Burst != nil {
			ids = append(ids, e.Burst.Of)
		}
		for name := range e.Effects {
			if refersToStep(child(child(s.root, "effects"), name), id) {
				return true
			}
		}
	}
	return slices.Contains(ids, id) || refersToStep(step.node, id)
}
