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
