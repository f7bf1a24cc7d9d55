package fault

import "strings"

// deep adds lists in lists.
func deep() row {
	return row{
		Kind: Kind{
			Name: "body:deep", Text: "add a member with N lists in each other",
			Changes: "one more member of the body", SignedAgain: true, Signature: Valid,
			Finds:  "The consumer's parser recurses without a limit and crashes, or it answers with a 5xx.",
			Source: "RFC 8259, section 9: a parser may limit the depth",
		},
		arg:    number("N", "1000", "how many lists are in each other", 1, 100_000),
		groups: []string{"body"},
		prepare: func(arg string, r *Request) error {
			doc, err := r.object()
			if err != nil {
				return err
			}
			n := count(arg, 0)
			r.setBody(added(r.Message.Body, doc, "hookrig_deep", strings.Repeat("[", n)+strings.Repeat("]", n)))
			return nil
		},
	}
}
