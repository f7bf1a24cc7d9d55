package fault

// reorder lets events that are emitted together change places. Their first attempts go one at a
// time, in the new order, whatever the provider's ordering is, so that the consumer really gets
// them in that order.
func reorder() row {
	return row{
		Kind: Kind{
			Name: "reorder", Text: "deliver events that are emitted together in another order, one at a time",
			Changes: "the order of deliveries", Signature: Valid,
			Finds:  "The consumer relies on the order of arrival, so that an old state overwrites a new one.",
			Source: "stripe-cli, issue 418; dev.wix.com, webhooks can be received out of order",
		},
		groups: []string{"order"},
		whole:  true, reorders: true,
	}
}
