package fault

// maxCopies bounds duplicate.
const maxCopies = 100

// duplicate makes several deliveries of one, each with its own attempts, as a provider does that
// delivers at least once: the consumer gets the same event, id and body several times.
func duplicate() row {
	return row{
		Kind: Kind{
			Name: "duplicate", Text: "deliver the event N times in all, each with its own retries (2)",
			Changes: "the number of deliveries", Signature: Valid,
			Finds:  "The consumer handles an event twice, or answers the second copy with an error.",
			Source: "shopify.dev, Ignore duplicate webhooks; Standard Webhooks, idempotency",
		},
		arg:    number("[N]", "3", "how often it is delivered in all", 2, maxCopies),
		groups: []string{"copies"},
		whole:  true,
		copies: func(arg string) int { return count(arg, 2) },
	}
}
