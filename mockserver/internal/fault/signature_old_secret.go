package fault

// oldSecret signs with a secret that is valid no more.
func oldSecret() row {
	r := signatureRow("old_secret", "sign with an earlier secret, in the provider's form, that is valid no more",
		"The consumer goes on taking a secret that was replaced, such as one that has leaked.",
		"Outpost, previous_secret_invalid_at",
		func(r *Request) error {
			return r.signWith(func(string) (string, error) { return r.mint("old") })
		})
	r.groups = append(r.groups, "key")
	return r
}
