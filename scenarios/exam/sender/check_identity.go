package sender

import "strings"

// gradeStableIDs checks that the attempts of one event have one id.
func gradeStableIDs(g *grading, f *found) {
	f.missing = "no event was tried twice"
	hasID := false
	for _, d := range g.deliveries {
		hasID = hasID || len(d.ids) > 0
		switch {
		case len(d.ids) > 1:
			f.fail(d, "the same body came again with other ids: %s", strings.Join(d.ids[1:min(len(d.ids), 4)], ", "))
		case len(d.ids) == 1 && len(d.attempts) > 1:
			f.seen++
		}
	}
	if !hasID {
		f.absent = "the requests have no id"
	}
}
