package fault

import (
	"errors"
	"strings"
)

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
