// Package matchers checks captures, deliveries and reports with Gomega.
//
//	Eventually(inbox).Should(HaveReceived(
//		BeSignedBy("neostore", secret),
//		HaveJSON(".body.__eventName", "Pass:Installed"),
//	).Times(1))
//
// HaveReceived and HaveReceivedInOrder take a bin or captures. BeEvent, BeSignedBy, HaveHeader,
// HaveBody, HaveJSON and MatchSchema check one capture, or one message, sent or received.
// BeDelivered, BeRefused, BeExhausted, HaveAttempts and FollowSchedule check deliveries; Track lets
// Eventually poll them. Pass checks the report of a scenario. Where a matcher takes a value you can
// pass a matcher: HaveJSON(".body.loyalty_points", BeNumerically(">", 0)).
//
// Eventually stops as soon as no match is possible any more, and at once if a matcher is itself
// wrong. A failure message says how many captures came, shows the nearest one, and says for each
// condition whether it matched. What cannot be told, for instance because a bin evicted captures,
// is an error, also below Not.
//
// The package imports only gomega/types and not Ginkgo, so you can use it in plain tests too. It
// does not import package scenarios, whose runner your test would then compile.
package matchers
