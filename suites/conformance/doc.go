// Package conformance makes the exams of webhooks part of your own tests: a Ginkgo spec, or a
// subtest, for each check of `hookrig check`, about a consumer, or of `hookrig check-provider`,
// about a sender.
//
// # Consumers
//
// Three lines in a suite give one spec for each check:
//
//	var _ = conformance.Register("stripe", func() conformance.Consumer {
//		return conformance.Consumer{URL: shop.URL + "/hooks", Secret: secret, EffectFunc: orders.Count}
//	})
//
// and one line in a plain test gives one subtest for each:
//
//	conformance.Run(t, conformance.Consumer{URL: shop.URL, Provider: "stripe", Secret: secret})
//
// The server that sends the events runs in the test process. A check has a good delivery before
// and after it, so a spec that runs alone (--focus) is as valid as in the whole suite.
//
// A spec that fails says what was found, why it matters and how to fix it, and shows the request
// and the response. Checks that do not apply to the provider, that were left out (Consumer.Skip),
// or that are inconclusive, skip with their reason, unless Consumer.Strict makes the latter fail. A
// known failure (Consumer.Known) skips too, and fails as soon as it passes. A warning does not
// fail. If the consumer refuses good deliveries too, or the effect cannot be read, the first spec
// fails and says why. The score follows at the end.
//
// # Senders
//
// RegisterSender and RunSender do the same for a program that sends webhooks. They judge what a bin
// recorded: signatures, ids, retries, redirects, order, by the file of a provider or by Standard
// Webhooks. With Sender.Send, the bin first answers each event differently:
//
//	var _ = conformance.RegisterSender("standard-webhooks", func() conformance.Sender {
//		return conformance.Sender{Bin: inbox, Secrets: []string{secret}, Send: shop.NewOrder}
//	})
//
// A spec that fails shows the attempts, and its report entry has them. A check whose occasion never
// came is inconclusive, and skips.
//
// # Select checks
//
// The labels of a spec are its level (must, should, info), its theme, such as signature or order,
// and the provider; its text ends in the id of the check:
//
//	ginkgo --label-filter 'must && signature'
//	ginkgo --focus signature-wrong-secret
//
// The name of a subtest is level/theme/id:
//
//	go test -run 'TestShop/must/signature'
//
// # Parallel processes
//
// An exam counts what one consumer does, so its specs run one after another, in one of the
// processes; those of other consumers, and all your other specs, run at the same time. Nothing
// else may make the consumer do things meanwhile. Checks that restart the consumer, or load it, are
// Serial.
//
// A BeforeEach may start the consumer anew for each spec, also at the same address: the functions
// of the Consumer that the spec gets are called. One with other values begins another exam.
package conformance
