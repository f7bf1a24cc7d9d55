package fault

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/hookrig/hookrig/fixtures/signature"
)

// tamperBody changes one byte of the body after it was signed; the length stays.
func tamperBody() row {
	return row{
		Kind: Kind{
			Name: "body:tamper", Text: "change one character of a value after the body was signed; it stays JSON of the same shape",
			Changes: "one byte of the body", Signature: Uncovered,
			Finds:  "The consumer does not check the signature, or checks it over something else than the body that it reads.",
			Source: "AdCP test vectors, body-tampered",
		},
		groups: []string{"cut"},
		alter: func(_ string, r *Request) error {
			if len(r.Message.Body) == 0 {
				return errors.New("the body is empty")
			}
			body, at := bytes.Clone(r.Message.Body), len(r.Message.Body)/2
			if spots := r.spots(); len(spots) > 0 {
				at = spots[r.Rand.IntN(len(spots))]
			}
			tamper(body, at)
			r.setBody(body)
			return nil
		},
	}
}

// tamper changes the character at a place of a body.
func tamper(body []byte, at int) {
	if nudged := nudge(body[at]); nudged != body[at] {
		body[at] = nudged
	} else {
		body[at] ^= 1 // no JSON, or no value with a letter or digit
	}
}

// maxTried bounds how many members of a body are tried for what the signature covers.
const maxTried = 256

// spots returns where a character of the body can be changed so that it stays JSON and the
// signature no longer matches: the letters and digits of one member's value. It never returns what
// the scheme itself writes into the body. It returns the event's id or name only when there is
// nothing else, because a consumer is to fail at the signature, not at an unknown event. Where the
// signature covers no member, it returns any of them.
func (r *Request) spots() []int {
	body := r.Message.Body
	if !gjson.ValidBytes(body) {
		return nil
	}
	var good, rest [][]int // the spots of each member
	written := r.written()
	var walk func(v gjson.Result)
	walk = func(v gjson.Result) {
		if v.Type == gjson.JSON {
			v.ForEach(func(_, member gjson.Result) bool {
				walk(member)
				return true
			})
			return
		}
		spots := spotsOf(v)
		switch {
		case len(spots) == 0 || slices.Contains(written, v.Index):
		case v.Type == gjson.String && (v.Str == r.Event.ID || v.Str == r.Event.Name):
			rest = append(rest, spots)
		default:
			good = append(good, spots)
		}
	}
	walk(gjson.ParseBytes(body))
	for _, members := range [][][]int{good, rest} {
		r.Rand.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
		for _, spots := range members[:min(len(members), maxTried)] {
			if r.covered(spots[0]) {
				return spots
			}
		}
	}
	for _, members := range [][][]int{good, rest} {
		if len(members) > 0 {
			return members[0]
		}
	}
	return nil
}

// written returns the offsets of the values that the scheme writes into the body: signatures, and
// the time or token that goes with them.
func (r *Request) written() []int {
	var offsets []int
	for _, s := range r.Provider.Signing.Signatures {
		for _, e := range s.Emit {
			if e.Body == "" {
				continue
			}
			// Every item of a scope has a signature: "#" is all elements.
			path := strings.ReplaceAll(memberPath(strings.ReplaceAll(s.Scope, "*", "#"), e.Body), `\#`, "#")
			if found := gjson.GetBytes(r.Message.Body, path); len(found.Indexes) > 0 {
				offsets = append(offsets, found.Indexes...)
			} else if found.Exists() {
				offsets = append(offsets, found.Index)
			}
		}
	}
	return offsets
}

// covered says whether a change at a place of the body makes the signature wrong.
func (r *Request) covered(at int) bool {
	changed := r.Message
	changed.Body = bytes.Clone(changed.Body)
	tamper(changed.Body, at)
	return r.Provider.Signing.Verify(changed, r.Context, r.Secrets...).Verdict == signature.Mismatch
}

// spotsOf returns the places of a value where a character can be changed so that it stays JSON.
func spotsOf(v gjson.Result) []int {
	var spots []int
	switch v.Type {
	case gjson.String:
		for i := 1; i < len(v.Raw)-1; i++ {
			switch {
			case strings.HasPrefix(v.Raw[i:], `\u`):
				i += len(`\u0000`) - 1
			case v.Raw[i] == '\\':
				i++
			case alphanumeric(rune(v.Raw[i])):
				spots = append(spots, v.Index+i)
			}
		}
	case gjson.Number:
		digits, _, _ := strings.Cut(strings.ToLower(v.Raw), "e")
		for i := range len(digits) {
			leading := i == 0 || digits[i-1] == '-'
			// 90 would become 00
			zeroed := leading && digits[i] == '9' && i+1 < len(digits) && digit(digits[i+1])
			if digit(digits[i]) && !zeroed {
				spots = append(spots, v.Index+i)
			}
		}
	}
	return spots
}

func digit(c byte) bool { return '0' <= c && c <= '9' }
