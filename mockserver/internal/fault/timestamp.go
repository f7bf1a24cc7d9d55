package fault

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/internal/strictyaml"
)

// beyond is how far outside the tolerance stale and future are.
const beyond = 10 * time.Second

// stampSlot is the placeholder of the timestamp in a scheme.
var stampSlot = regexp.MustCompile(`\$\{\s*ts\s*(\|[^}]*)?\}`)

// stale signs with a time that is too old.
func stale() row {
	return timestampRow("timestamp:stale", "sign with a time that is 10s older than the scheme's tolerance", Invalid,
		"The consumer takes a request that somebody has recorded and sends again much later.",
		"Standard Webhooks and Slack: 5 minutes; Linear: 60 seconds",
		func(_ string, r *Request) error { return r.shiftBeyond(-1) })
}

// future signs with a time that has not come.
func future() row {
	return timestampRow("timestamp:future", "sign with a time that is 10s further ahead than the scheme's tolerance", Invalid,
		"The consumer checks that a time is not too old, and takes any time that is yet to come.",
		"Standard Webhooks, Go tests: a timestamp that is too new fails",
		func(_ string, r *Request) error { return r.shiftBeyond(1) })
}

// skew signs with a time that differs from now.
func skew() row {
	by := func(arg string) (time.Duration, error) {
		rest, ahead := strings.CutPrefix(arg, "+")
		rest, behind := strings.CutPrefix(rest, "-")
		d, err := strictyaml.ParseDuration(rest)
		if err != nil || d == 0 || d > maxDelay || ahead == behind {
			return 0, errors.New("want how far ahead (+) or behind (-) the time is, at most 30d, as in timestamp:skew:-4m")
		}
		if behind {
			d = -d
		}
		return d, nil
	}
	r := timestampRow("timestamp:skew", "sign with a time that is that much ahead (+) or behind (-)", Limited,
		"The consumer refuses a provider whose clock differs within what it is to tolerate, or takes one beyond.",
		"Standard Webhooks: tolerance in both directions",
		func(arg string, r *Request) error {
			d, _ := by(arg)
			return r.shift(d)
		})
	r.arg = argument{"±DURATION", "-4m", func(arg string) error {
		_, err := by(arg)
		return err
	}}
	return r
}

// nonNumeric signs with a time that is a word.
func nonNumeric() row {
	return timestampRow("timestamp:non_numeric", "sign with the word \"now\" in the place of the time", Invalid,
		"The consumer crashes with a 5xx on a time that is no number, or takes it for 0 or for now.",
		"AdCP rejection vectors; Convoy, advanced_t_infinity",
		func(_ string, r *Request) error { return r.stamp("now") })
}

// milliseconds signs with a time in milliseconds.
func milliseconds() row {
	return timestampRow("timestamp:milliseconds", "sign with a time in milliseconds where the scheme has another unit", Invalid,
		"The consumer guesses the unit, or takes a time in the far future.",
		"AdCP rejection vectors",
		func(_ string, r *Request) error {
			if r.scheme.Timestamp.Unit == "ms" {
				return errors.New("the scheme's times are in milliseconds")
			}
			at := r.context.Time
			if r.scheme.Timestamp.Of == "event" && !r.context.EventTime.IsZero() {
				at = r.context.EventTime
			}
			return r.stamp(strconv.FormatInt(at.UnixMilli(), 10))
		})
}

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

func timestampRow(name, text string, s Signature, finds, source string, prepare func(arg string, r *Request) error) row {
	return row{
		Kind: Kind{
			Name: name, Text: text, Changes: "the time that is signed", SignedAgain: true, Signature: s, Finds: finds, Source: source,
		},
		groups: []string{"timestamp"}, prepare: prepare,
	}
}

// stamped returns an error when the request has no signed time.
func (r *Request) stamped() error {
	if err := r.signed(); err != nil {
		return err
	}
	for _, s := range r.scheme.Signatures {
		if slices.ContainsFunc(s.Emit, func(e signature.Emit) bool { return stampSlot.MatchString(e.Value) }) {
			return nil
		}
	}
	return fmt.Errorf("the signature scheme of %s has no time", r.Provider.Name)
}

// shift signs with another time.
func (r *Request) shift(d time.Duration) error {
	if err := r.stamped(); err != nil {
		return err
	}
	r.context.Time = r.context.Time.Add(d)
	if !r.context.EventTime.IsZero() {
		r.context.EventTime = r.context.EventTime.Add(d)
	}
	return nil
}

// shiftBeyond shifts the time out of the tolerance.
func (r *Request) shiftBeyond(direction time.Duration) error {
	if err := r.stamped(); err != nil {
		return err
	}
	tolerance := r.scheme.Timestamp.Tolerance
	if tolerance == 0 {
		return errors.New("the scheme has no tolerance, so every time is right: use timestamp:skew")
	}
	return r.shift(direction * (tolerance + beyond))
}

// stamp signs with a text in the place of the time.
func (r *Request) stamp(text string) error {
	if err := r.stamped(); err != nil {
		return err
	}
	r.scheme = stampedWith(r.scheme, text)
	return nil
}

// stampedWith returns the scheme with a text in the place of the time.
func stampedWith(s *signature.Scheme, text string) *signature.Scheme {
	changed := *s
	changed.Covers = nil // the time, which the scheme no longer knows
	changed.Signatures = slices.Clone(s.Signatures)
	replace := func(t string) string { return stampSlot.ReplaceAllLiteralString(t, text) }
	for i := range changed.Signatures {
		g := &changed.Signatures[i]
		g.Content.Parts = slices.Clone(g.Content.Parts)
		for n, part := range g.Content.Parts {
			g.Content.Parts[n] = replace(part)
		}
		g.Content.Parts = slices.DeleteFunc(g.Content.Parts, func(part string) bool { return part == "" })
		g.Emit = slices.Clone(g.Emit)
		for n := range g.Emit {
			g.Emit[n].Value, g.Emit[n].Each = replace(g.Emit[n].Value), replace(g.Emit[n].Each)
		}
	}
	return &changed
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
