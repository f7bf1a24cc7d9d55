package fault

// release sends what was held for the endpoint, after the first attempt of its own delivery.
func release() row {
	return row{
		Kind: Kind{
			Name: "release", Text: "after its first attempt, send what hold keeps for the same endpoint",
			Changes: "the time of other deliveries", Signature: Valid,
			Finds:  "As hold: release ends it.",
			Source: "as hold",
		},
		groups: []string{"sending"},
		whole:  true, releases: true,
	}
}
