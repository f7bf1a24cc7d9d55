package fault

import (
	"fmt"
	"slices"
	"strings"
)

// missingTimestamp leaves the time out, and signs as if it were empty.
func missingTimestamp() row {
	return timestampRow("timestamp:missing", "leave the time out, and sign as if it were empty", Invalid,
		"The consumer checks the time only if there is one.",
		"Convoy, missing_timestamp; AdCP rejection vectors",
		func(_ string, r *Request) error {
			if err := r.stamped(); err != nil {
				return err
			}
			for i := range r.scheme.Signatures {
				for _, e := range r.scheme.Signatures[i].Emit {
					if e.Body != "" && stampSlot.MatchString(e.Value) {
						if err := (place{path: memberPath(r.scheme.Signatures[i].Scope, e.Body)}).put(&r.Message, "", false); err != nil {
							return err
						}
					}
				}
			}
			scheme := stampedWith(r.scheme, "")
			for i := range scheme.Signatures {
				s := &scheme.Signatures[i]
				s.Emit = nil
				for _, e := range r.scheme.Signatures[i].Emit {
					if e.Value = unstamped(e.Value); e.Value != "" {
						s.Emit = append(s.Emit, e)
					}
				}
			}
			r.scheme = scheme
			if err := scheme.Check(); err != nil {
				return fmt.Errorf("the scheme cannot sign without a time: %w", err)
			}
			return nil
		})
}

// unstamped returns the value of an emit without the entry that has the time; "" when nothing is
// left.
func unstamped(value string) string {
	if !stampSlot.MatchString(value) {
		return value
	}
	for _, separator := range []string{",", ";", " "} {
		entries := strings.Split(value, separator)
		if len(entries) > 1 {
			return strings.Join(slices.DeleteFunc(entries, stampSlot.MatchString), separator)
		}
	}
	return ""
}
