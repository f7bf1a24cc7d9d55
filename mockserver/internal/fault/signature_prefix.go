package fault

import (
	"fmt"
	"regexp"
	"strings"
)

func prefixRow(name, text, finds, source string, change func(label string) string) row {
	return signatureRow(name, text, finds, source, func(r *Request) error {
		return r.spoil(func(value string, at place) (string, bool, error) {
			if !strings.Contains(value, at.label) || at.label == "" {
				return "", false, fmt.Errorf("the signature %q has no label before it", value)
			}
			return strings.ReplaceAll(value, at.label, change(at.label)), true, nil
		})
	})
}

// signatureSlot is the placeholder of a signature in a scheme, with the text before it.
var signatureSlot = regexp.MustCompile(`([^}]*)\$\{\s*(?:sig|secret)\s*(?:\|[^}]*)?\}`)

// labelOf returns the text before each signature in a value of a scheme, without separators
// before it: "v1=" of "t=${ts},v1=${sig}".
func labelOf(value, each string) string {
	found := signatureSlot.FindStringSubmatch(value)
	if found == nil {
		found = signatureSlot.FindStringSubmatch(each)
	}
	if found == nil {
		return ""
	}
	return strings.TrimLeft(found[1], ",; ")
}
