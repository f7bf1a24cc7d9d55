package fault

// missing leaves the signature out.
func missing() row {
	return signatureRow("missing", "leave the signature out",
		"The consumer takes requests that are not signed.",
		"AdCP rejection vectors; carbon-layer, missing",
		func(r *Request) error {
			return r.spoil(func(string, place) (string, bool, error) { return "", false, nil })
		})
}
