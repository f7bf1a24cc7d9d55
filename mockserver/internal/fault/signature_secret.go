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

// signWith signs again with others in the place of the endpoint's secrets.
func (r *Request) signWith(other func(secret string) (string, error)) error {
	if err := r.signed(); err != nil {
		return err
	}
	wrong := make([]string, len(r.Secrets))
	for i, secret := range r.Secrets {
		var err error
		if wrong[i], err = other(secret); err != nil {
			return err
		}
	}
	message := r.unsigned.Clone()
	if err := r.scheme.Sign(&message, r.context, wrong...); err != nil {
		return err
	}
	r.Message = message
	return nil
}
