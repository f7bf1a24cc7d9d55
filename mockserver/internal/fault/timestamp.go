package fault

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/hookrig/hookrig/fixtures/signature"
)

// beyond is how far outside the tolerance stale and future are.
const beyond = 10 * time.Second

// stampSlot is the placeholder of the timestamp in a scheme.
var stampSlot = regexp.MustCompile(`\$\{\s*ts\s*(\|[^}]*)?\}`)

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
