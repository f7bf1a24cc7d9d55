package fault

// missingRequired leaves out a member that the schema requires.
func missingRequired() row {
	return row{
		Kind: Kind{
			Name: "schema:missing_required", Text: "leave out the first member that the schema requires",
			Changes: "one member of the body", SignedAgain: true, Signature: Valid,
			Finds:  "The consumer crashes with a 5xx on an event that it cannot use, so that the provider sends it again and again.",
			Source: "AdCP test vectors, 007: the signature is right, the schema fails later",
		},
		groups: []string{"schema"},
		prepare: func(_ string, r *Request) error {
			return r.changeMember("is required", func(m *member) []byte {
				if body, err := without(r.Message.Body, m); err == nil && !m.listed && r.violates(body, "required", "") {
					return body
				}
				return nil
			})
		},
	}
}
