package burst

import (
	"fmt"
	"slices"
	"strings"
)

// Condition is something that must be true of a burst.
type Condition struct {
	// Name is the text of a threshold, or what must be true.
	Name string `json:"name"`
	// Text is the value that was compared.
	Text string `json:"text"`
	// OK reports whether it is true. Unknown is set, and OK is false, when nobody can tell.
	OK      bool `json:"ok"`
	Unknown bool `json:"unknown,omitempty"`
}

// Conditions returns what decides the result of the burst. Thresholds, if there are any, decide
// about responses and forged events. Without thresholds, every event must be sent and acknowledged,
// and no forged one accepted, unless a bin, which accepts everything, was the consumer. A bin must
// have every acknowledged event once and nothing else, unless a threshold names that figure.
func (r *Report) Conditions() []Condition {
	var list []Condition
	named := func(noun string) bool {
		return slices.ContainsFunc(r.Thresholds, func(t ThresholdResult) bool { return t.Threshold.noun == noun })
	}
	for _, t := range r.Thresholds {
		list = append(list, Condition{t.Threshold.String(), t.Text, t.OK, t.Unknown})
	}
	if len(r.Thresholds) == 0 {
		drops := uint64(0)
		for _, f := range r.Faults {
			drops += f.Outcomes[dropped.String()]
		}
		list = append(list,
			Condition{Name: "every event was sent", Text: fmt.Sprintf("%d of %d", r.Sent+drops, r.Intended), OK: r.Sent+drops == r.Intended},
			Condition{Name: "every event was acknowledged", Text: fmt.Sprintf("%d of %d", r.Acknowledged, r.Sent-r.Faulted), OK: r.Acknowledged == r.Sent-r.Faulted})
		if n := r.numbers()["accepted"]; n > 0 && r.Accounting == nil {
			list = append(list, Condition{Name: "no forged event was accepted", Text: fmt.Sprint(n)})
		}
	}
	if a := r.Accounting; a != nil {
		for _, f := range []struct {
			noun string
			n    uint64
		}{{"lost", a.Lost}, {"duplicated", a.Duplicated}, {"unexpected", a.Unexpected}, {"corrupted", a.Corrupted}} {
			if !named(f.noun) {
				list = append(list, Condition{Name: f.noun + "==0", Text: fmt.Sprint(f.n), OK: f.n == 0})
			}
		}
	}
	if len(r.Problems) > 0 {
		list = append(list, Condition{Name: "the burst went as planned", Text: strings.Join(r.Problems, "; ")})
	}
	return list
}

// OK reports whether all Conditions are true.
func (r *Report) OK() bool {
	return !slices.ContainsFunc(r.Conditions(), func(c Condition) bool { return !c.OK })
}

// Unknown reports whether no condition is false, but nobody can tell of one.
func (r *Report) Unknown() bool {
	unknown := false
	for _, c := range r.Conditions() {
		if !c.OK && !c.Unknown {
			return false
		}
		unknown = unknown || c.Unknown
	}
	return unknown
}
