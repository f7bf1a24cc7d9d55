// Package matchers checks captures with Gomega.
//
//	Eventually(inbox).Should(HaveReceived(
//		BeSignedBy("neostore", secret),
//		HaveJSON(".body.__eventName", "Pass:Installed"),
//	).Times(1))
//
// HaveReceived takes captures, or a bin. Eventually polls the bin until it matches or can no longer
// match. BeSignedBy and HaveJSON check one capture, or one message, sent or received. You can pass
// a matcher instead of a value: HaveJSON(".body.loyalty_points", BeNumerically(">", 0)).
//
// A failure message contains the expectation and, for each capture, the reason why it did not
// match.
//
// The package imports only gomega/types and not Ginkgo, so you can use it in plain tests too.
package matchers
