// Package matchers checks captures with Gomega.
//
//	Eventually(inbox).Should(HaveReceived(
//		BeSignedBy("neostore", secret),
//		HaveJSON(".body.__eventName", "Pass:Installed"),
//	).Times(1))
//
// HaveReceived takes a bin, which Eventually polls and stops polling once it can no longer match, or captures that were
// fetched already. BeSignedBy and HaveJSON check one capture, or one message, sent or received. Where a value is
// expected, a matcher may stand as well: HaveJSON(".body.loyalty_points", BeNumerically(">", 0)).
//
// A failure says what was looked for and, capture by capture, what stood in the way.
//
// The package links gomega/types and nothing else of Gomega, and never Ginkgo, so it serves plain tests too.
package matchers
