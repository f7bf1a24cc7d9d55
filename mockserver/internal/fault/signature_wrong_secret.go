package fault

// wrongSecret signs with secrets that differ in one character.
func wrongSecret() row {
	r := signatureRow("wrong_secret", "sign with a secret that is one character off",
		"The consumer checks the form of the signature only, or logs that it is wrong and goes on.",
		"TwitchIO, issue 366; carbon-layer, wrong_secret",
		func(r *Request) error {
			return r.signWith(func(secret string) (string, error) { return r.nudged(secret) })
		})
	r.groups = append(r.groups, "key")
	return r
}
