package delivery

import (
	"fmt"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// health is what a delivery policy counts about an endpoint. The zero health has seen no attempt.
// Its size does not grow with the number of attempts.
type health struct {
	// Consecutive counts the failed attempts since the last success.
	Consecutive int `json:"consecutive,omitempty"`
	// Exhausted counts the deliveries that were given up since the last success.
	Exhausted int `json:"exhausted,omitempty"`
	// FailingSince is the time of the first of those failed attempts.
	FailingSince time.Time `json:"failing_since,omitzero"`
	// Windows count attempts over a time, one for each entry of the policy that has a window.
	Windows map[int]*window `json:"windows,omitempty"`
	// Told are the entries whose warning was given since the last success.
	Told map[int]bool `json:"told,omitempty"`
}

// parts is the number of parts that a window has.
const parts = 60

// window counts the attempts of a time, in parts of it.
type window struct {
	Parts [parts]counted `json:"parts"`
}

// counted is the attempts of one part of a window: the n-th since the beginning of time.
type counted struct {
	N      int64 `json:"n,omitempty"`
	OK     int   `json:"ok,omitempty"`
	Failed int   `json:"failed,omitempty"`
}

// add counts an attempt, and returns how many there were in the time before.
func (w *window) add(now time.Time, length time.Duration, ok bool) (succeeded, failed int) {
	n := now.UnixNano() / max(int64(length)/parts, 1)
	part := &w.Parts[((n%parts)+parts)%parts]
	if part.N != n {
		*part = counted{N: n}
	}
	if ok {
		part.OK++
	} else {
		part.Failed++
	}
	for i := range w.Parts {
		if c := &w.Parts[i]; c.N > n-parts && c.N <= n {
			succeeded, failed = succeeded+c.OK, failed+c.Failed
		}
	}
	return succeeded, failed
}

// end is what a policy does to an endpoint, and why.
type end struct {
	action string
	pause  time.Duration
	why    string
	notify string
}

// count counts an attempt, and returns what the policy does then: all its warnings, and at most one
// end or pause, the first that is met.
func (h *health) count(rules *fixtures.Rules, failure fixtures.Failure, state journal.State, now time.Time) (ends []end) {
	ok := failure == fixtures.Failure{}
	if ok {
		h.Consecutive, h.Exhausted, h.FailingSince, h.Told = 0, 0, time.Time{}, nil
	} else {
		if h.Consecutive == 0 {
			h.FailingSince = now
		}
		h.Consecutive++
		if state == journal.Exhausted {
			h.Exhausted++
		}
	}
	ended := false
	for i := range rules.Disable {
		rule := &rules.Disable[i]
		why, met := h.meets(i, rule, failure, now)
		if !met || ok {
			continue
		}
		action, pause := rule.Does()
		e := end{action, pause, why, rule.Notify}
		if action == fixtures.ActionWarn {
			if h.Told[i] {
				continue
			}
			if h.Told == nil {
				h.Told = map[int]bool{}
			}
			h.Told[i] = true
			ends = append(ends, e)
		} else if !ended {
			ends, ended = append(ends, e), true
		}
	}
	return ends
}

// meets says whether an entry's conditions are true, and in words which. Its window counts the
// attempt in any case.
func (h *health) meets(i int, rule *fixtures.Disable, failure fixtures.Failure, now time.Time) (why string, met bool) {
	met = true
	check := func(is bool, format string, args ...any) {
		met = met && is
		if why != "" {
			why += ", "
		}
		why += fmt.Sprintf(format, args...)
	}
	if len(rule.On) > 0 {
		text := string(failure.Kind)
		if failure.Kind == fixtures.FailedStatus {
			text = fmt.Sprintf("status %d", failure.Status)
		}
		check(failure.In(rule.On), "%s", text)
	}
	if rule.Consecutive > 0 {
		check(h.Consecutive >= rule.Consecutive, "%d failed attempts in a row", h.Consecutive)
	}
	if rule.ExhaustedEvents > 0 {
		check(h.Exhausted >= rule.ExhaustedEvents, "deliveries given up in a row: %d", h.Exhausted)
	}
	if rule.OnlyFailuresFor > 0 {
		check(h.Consecutive > 0 && now.Sub(h.FailingSince) >= rule.OnlyFailuresFor, "only failures for %v", now.Sub(h.FailingSince))
	}
	if rule.Window > 0 {
		if h.Windows == nil {
			h.Windows = map[int]*window{}
		}
		if h.Windows[i] == nil {
			h.Windows[i] = &window{}
		}
		ok := failure == fixtures.Failure{}
		succeeded, failed := h.Windows[i].add(now, rule.Window, ok)
		all := succeeded + failed
		if rule.SuccessBelow > 0 {
			check(all >= max(rule.AtLeast, 1) && float64(succeeded) < rule.SuccessBelow*float64(all), "%d of %d attempts succeeded within %v", succeeded, all, rule.Window)
		}
		if rule.Failures > 0 {
			check(failed > rule.Failures, "%d attempts failed within %v", failed, rule.Window)
		}
	}
	return why, met
}
