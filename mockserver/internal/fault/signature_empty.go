package fault

// empty leaves the place of the signature and nothing in it.
func empty() row {
	return signatureRow("empty", "send an empty text in the place of the signature",
		"The consumer takes an empty signature for none that is to be checked, or answers it with a 5xx.",
		"AdCP rejection vectors",
		func(r *Request) error {
			return r.spoil(func(string, place) (string, bool, error) { return "", true, nil })
		})
}
