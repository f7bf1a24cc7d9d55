package fault

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
