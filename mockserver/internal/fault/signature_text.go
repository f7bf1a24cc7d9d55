package fault

import (
	"errors"
	"strings"
)

// tampered changes one character of the signature.
func tampered() row {
	return signatureRow("tampered", "change one character of the signature",
		"The consumer compares only a part of the signature.",
		"AdCP rejection vectors",
		func(r *Request) error {
			return r.spoilEach(func(s string) string {
				changed, _ := nudgeMiddle(s)
				return changed
			})
		})
}

// truncated cuts the signature in half.
func truncated() row {
	return signatureRow("truncated", "cut the signature in half",
		"The consumer compares as many characters as it gets, or crashes on a signature of another length.",
		"Standard Webhooks, Go tests: partial signature",
		func(r *Request) error { return r.spoilEach(func(s string) string { return s[:len(s)/2] }) })
}

// upperCase writes a hexadecimal signature in upper case.
func upperCase() row {
	return signatureRow("upper_case", "write the hexadecimal signature in upper case, which is another text",
		"The consumer compares decoded bytes, so it takes more texts than the provider writes: harmless, but good to know.",
		"RFC 4648, section 8: hexadecimal is case-insensitive",
		func(r *Request) error {
			for _, s := range r.scheme.Signatures {
				if s.Alg == "static" || s.Alg == "basic" || s.Encode != "" && s.Encode != "hex" {
					return errors.New("the signature is not lower-case hexadecimal")
				}
			}
			if err := r.spoilEach(strings.ToUpper); err != nil {
				return errors.New("the signature is not lower-case hexadecimal")
			}
			return nil
		})
}
