package fault

// absentOptional leaves out a member that may be left out.
func absentOptional() row {
	return row{
		Kind: Kind{
			Name: "schema:absent_optional", Text: "leave out the first member that may be left out",
			Changes: "one member of the body", SignedAgain: true, Signature: Valid,
			Finds:  "The consumer reads a member that may be absent without asking whether it is there.",
			Source: "RFC 8927, optional properties: a value that is null and one that is absent differ",
		},
		groups: []string{"schema"},
		prepare: func(_ string, r *Request) error {
			return r.changeMember("may be left out", func(m *member) []byte {
				if body, err := without(r.Message.Body, m); err == nil && !m.listed && len(r.violations(body)) == 0 {
					return body
				}
				return nil
			})
		},
	}
}
