package fault

import (
	"fmt"
	"strings"
)

// garbage sends a text that cannot be a signature, or none.
func garbage() row {
	r := signatureRow("garbage", "send exclamation marks in the place of the signature, letters beyond ASCII, zeros or nothing; a label before it stays",
		"The consumer fails with a 5xx on a text that it cannot decode or compare, so that anybody can make it fail; or it compares numbers, or as much as came.",
		"daiv, pull request 1524: compare_digest of Python; AdCP rejection vectors",
		nil)
	r.arg = oneOf("ascii", "unicode", "zeros", "none")
	r.alter = func(arg string, r *Request) error {
		if arg == "none" {
			return r.spoil(func(value string, at place) (string, bool, error) {
				if at.label == "" {
					return "", false, fmt.Errorf("the signature %q has no label before it", value)
				}
				return eachSignature(value, r.secrets, func(string) string { return "" }), true, nil
			})
		}
		return r.spoilEach(func(text string) string {
			switch arg {
			case "unicode":
				return strings.Repeat("é", max(1, len(text)/2)) // as many bytes
			case "zeros":
				return strings.Repeat("0", len(text))
			}
			return strings.Repeat("!", len(text))
		})
	}
	return r
}
