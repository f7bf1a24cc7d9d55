package fault

import "strings"

// garbage sends a text that cannot be a signature.
func garbage() row {
	r := signatureRow("garbage", "send exclamation marks in the place of the signature, or letters beyond ASCII; a label before it stays",
		"The consumer fails with a 5xx on a text that it cannot decode or compare, so that anybody can make it fail.",
		"daiv, pull request 1524: compare_digest of Python; AdCP rejection vectors",
		nil)
	r.arg = oneOf("ascii", "unicode")
	r.alter = func(arg string, r *Request) error {
		return r.spoilEach(func(text string) string {
			if arg == "unicode" {
				return strings.Repeat("é", max(1, len(text)/2)) // as many bytes
			}
			return strings.Repeat("!", len(text))
		})
	}
	return r
}
