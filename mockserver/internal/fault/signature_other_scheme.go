package fault

import (
	"cmp"
	"errors"
	"strings"
)

// otherScheme adds a signature of a scheme that nobody knows.
func otherScheme() row {
	return row{
		Kind: Kind{
			Name: "signature:other_scheme", Text: "put a signature of a scheme that does not exist before the right one: v2=…,v1=…",
			Changes: "one more entry in the list of signatures", Signature: Valid,
			Finds:  "The consumer looks at the first entry of the list, or refuses a list with an entry that it does not know.",
			Source: "Standard Webhooks, unknown versions are ignored; Stripe documentation, ignore all schemes that are not v1",
		},
		groups: []string{"signature"},
		alter: func(_ string, r *Request) error {
			added := false
			for _, s := range r.scheme.Signatures {
				for _, e := range s.Emit {
					label := labelOf(e.Value, e.Each)
					value, ok := r.Message.Headers.Lookup(e.Header)
					if at := strings.Index(value, label); ok && label != "" && at >= 0 && strings.Contains(e.Value, "${sigs") {
						entry, _, _ := strings.Cut(value[at:], cmp.Or(e.Join, ","))
						other := otherLabel(label) + eachSignature(strings.TrimPrefix(entry, label), nil, func(text string) string {
							text, _ = nudgeMiddle(text)
							return text
						})
						r.Message.Headers.Set(e.Header, value[:at]+other+cmp.Or(e.Join, ",")+value[at:])
						added = true
					}
				}
			}
			if !added {
				return errors.New("a request of this scheme has room for one signature")
			}
			return nil
		},
	}
}
