package fault

import (
	"errors"
	"regexp"
	"strings"
)

// tamperSlot changes the last of some characters in what the scheme writes for a placeholder, after
// the message was signed.
func (r *Request) tamperSlot(slot *regexp.Regexp, has func() error, characters func(c rune) bool) error {
	if err := has(); err != nil {
		return err
	}
	changed := false
	for _, s := range r.scheme.Signatures {
		for _, e := range s.Emit {
			found := slot.FindStringIndex(e.Value)
			if found == nil {
				continue
			}
			at := place{e.Header, e.Query, memberPath(s.Scope, e.Body), ""}
			text, ok := at.get(&r.Message)
			if !ok {
				continue
			}
			from, to := slotIn(text, e.Value[:found[0]], e.Value[found[1]:])
			tampered := nudgeLast(text[from:to], characters)
			if tampered == text[from:to] {
				continue
			}
			if err := at.put(&r.Message, text[:from]+tampered+text[to:], true); err != nil {
				return err
			}
			changed = true
		}
	}
	if !changed {
		return errors.New("it has no letter or digit that could be changed")
	}
	return nil
}

// slotIn returns where the value of a placeholder is in a text, by what the scheme has before and
// after it.
func slotIn(text, before, after string) (from, to int) {
	if i := strings.LastIndexByte(before, '}'); i >= 0 {
		before = before[i+1:]
	}
	after, _, _ = strings.Cut(after, "${")
	if i := strings.Index(text, before); i >= 0 {
		from = i + len(before)
	}
	if i := strings.Index(text[from:], after); i >= 0 && after != "" {
		return from, from + i
	}
	return from, len(text)
}

// nudgeLast changes the last of some characters in a text.
func nudgeLast(text string, characters func(c rune) bool) string {
	for i := len(text) - 1; i >= 0; i-- {
		if characters(rune(text[i])) {
			return text[:i] + string(nudge(text[i])) + text[i+1:]
		}
	}
	return text
}
