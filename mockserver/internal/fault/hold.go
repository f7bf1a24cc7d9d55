package fault

// hold keeps a delivery pending until a later one to the same endpoint, which has the fault
// release, was sent: so events overtake each other without a clock.
func hold() row {
	return row{
		Kind: Kind{
			Name: "hold", Text: "keep it until a later delivery to the same endpoint, which has the fault release, was sent",
			Changes: "the time of the delivery", Signature: Valid,
			Finds:  "The consumer fails when an event comes before the one that it builds on, or overwrites the newer state.",
			Source: "stripe-cli, issue 418: updated arrives before created",
		},
		groups: []string{"due", "sending"},
		whole:  true, holds: true,
	}
}

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
