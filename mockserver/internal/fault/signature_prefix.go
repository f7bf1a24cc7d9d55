package fault

import (
	"fmt"
	"regexp"
	"strings"
)

// wrongPrefix changes the label before the signature: sha257= for sha256=.
func wrongPrefix() row {
	return prefixRow("wrong_prefix", "change one character of the label before the signature: sha257= for sha256=, v2= for v1=",
		"The consumer cuts the label off without a look at it, or tries every signature whatever its version is.",
		"AdCP rejection vectors; Standard Webhooks, unknown versions are ignored",
		func(label string) string {
			for i := len(label) - 1; i >= 0; i-- {
				if alphanumeric(rune(label[i])) {
					return label[:i] + string(nudge(label[i])) + label[i+1:]
				}
			}
			return label
		})
}

// doublePrefix repeats the label before the signature.
func doublePrefix() row {
	return prefixRow("double_prefix", "repeat the label before the signature: sha256=sha256=…",
		"The consumer removes every label that it finds, so it takes more texts than the provider writes, or crashes on one more =.",
		"AdCP rejection vectors",
		func(label string) string { return label + label })
}

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
