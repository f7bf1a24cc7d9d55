package fault

// MaxParallel bounds parallel.
const MaxParallel = 100

// parallel is duplicate whose copies are sent at the same time: each is built and connected, and
// all are released together.
func parallel() row {
	return row{
		Kind: Kind{
			Name: "parallel", Text: "deliver the event N times in all, all copies at the same time, each with its own retries (2)",
			Changes: "the number of deliveries, and their time", Signature: Valid,
			Finds:  "The consumer checks for a copy and stores the event in two steps, so that two copies at once are both handled.",
			Source: "dj-stripe, issue 409; FormSG, pull request 6022",
		},
		arg:      number("[N]", "3", "how often it is delivered in all", 2, MaxParallel),
		groups:   []string{"copies", "order"},
		whole:    true,
		copies:   func(arg string) int { return count(arg, 2) },
		together: true,
	}
}
