package fault

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hookrig/hookrig/fixtures/signature"
)

// twoLines sends the header line of the signature twice.
func twoLines() row {
	return row{
		Kind: Kind{
			Name: "signature:two_lines", Text: "send the header line of the signature twice: the same, or the right one first, or a wrong one first",
			Changes: "one more header line", Signature: Valid,
			Finds:  "The consumer looks at one of two lines, where a proxy before it may look at the other, or fails at a list where it expects a text.",
			Source: "RFC 9110, section 5.3; webhook-skills, headers that come twice",
		},
		arg:    oneOf("same", "right_first", "wrong_first"),
		groups: []string{"signature"},
		alter: func(arg string, r *Request) error {
			changed := false
			for _, at := range places(r.scheme) {
				i := slices.IndexFunc(r.Message.Headers, func(h signature.Header) bool { return at.header != "" && strings.EqualFold(h.Name, at.header) })
				if i < 0 {
					continue
				}
				other := r.Message.Headers[i]
				if arg != "same" {
					other.Value = eachSignature(other.Value, r.secrets, func(text string) string {
						text, _ = nudgeMiddle(text)
						return text
					})
				}
				if arg != "wrong_first" {
					i++
				}
				r.Message.Headers = slices.Insert(r.Message.Headers, i, other)
				changed = true
			}
			if !changed {
				return fmt.Errorf("the signature of %s is in no header line", r.Provider.Name)
			}
			return nil
		},
	}
}
