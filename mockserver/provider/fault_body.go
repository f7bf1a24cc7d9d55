package provider

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// badBody changes the body after it was signed: one byte, its length stays.
func badBody() kind {
	return kind{
		FaultKind: FaultKind{
			Name: "body", Args: "tamper",
			Text: "change one character of a value after the body was signed; it stays JSON of the same shape",
		},
		check: oneOf("tamper"),
		alter: func(_ string, r *request) error {
			if len(r.message.Body) == 0 {
				return errors.New("the body is empty")
			}
			body := bytes.Clone(r.message.Body)
			at := len(body) / 2
			if spots := r.spots(); len(spots) > 0 {
				at = spots[r.rng.IntN(len(spots))]
			}
			if nudged := nudge(body[at]); nudged != body[at] {
				body[at] = nudged
			} else {
				body[at] ^= 1 // no JSON, or no value with a letter or digit
			}
			setBody(&r.message, body)
			return nil
		},
	}
}

// spots returns where a character of the body can be changed so that it stays JSON: the letters and digits of text
// values, and the digits of numbers. Signatures, the event's id and its name are left alone, unless
// there is nothing else: a consumer is to fail at the signature, not at an event that it does not know.
func (r *request) spots() []int {
	body := r.message.Body
	if !gjson.ValidBytes(body) {
		return nil
	}
	spared := []string{r.event.ID, r.event.Name}
	for _, at := range places(&r.terms.provider.Signing) {
		if value, ok := at.get(&r.message); ok && at.path != "" {
			spared = append(spared, value)
		}
	}
	var good, rest []int
	var walk func(v gjson.Result)
	walk = func(v gjson.Result) {
		switch v.Type {
		case gjson.JSON:
			v.ForEach(func(_, member gjson.Result) bool {
				walk(member)
				return true
			})
		case gjson.String:
			to := &good
			if slices.Contains(spared, v.Str) {
				to = &rest
			}
			for i := 1; i < len(v.Raw)-1; i++ {
				switch {
				case strings.HasPrefix(v.Raw[i:], `\u`):
					i += len(`\u0000`) - 1
				case v.Raw[i] == '\\':
					i++
				case alphanumeric(rune(v.Raw[i])):
					*to = append(*to, v.Index+i)
				}
			}
		case gjson.Number:
			digits, _, _ := strings.Cut(strings.ToLower(v.Raw), "e")
			for i := range len(digits) {
				leading := i == 0 || digits[i-1] == '-'
				zeroed := leading && digits[i] == '9' && i+1 < len(digits) && digit(digits[i+1]) // 90 would become 00
				if digit(digits[i]) && !zeroed {
					good = append(good, v.Index+i)
				}
			}
		}
	}
	walk(gjson.ParseBytes(body))
	if len(good) > 0 {
		return good
	}
	return rest
}

func digit(c byte) bool { return '0' <= c && c <= '9' }
