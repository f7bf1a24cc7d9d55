package fault

// truncated cuts the signature in half.
func truncated() row {
	return signatureRow("truncated", "cut the signature in half",
		"The consumer compares as many characters as it gets, or crashes on a signature of another length.",
		"Standard Webhooks, Go tests: partial signature",
		func(r *Request) error { return r.spoilEach(func(s string) string { return s[:len(s)/2] }) })
}
