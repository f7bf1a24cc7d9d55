// Package exam checks a webhook consumer: it plays a provider, well and badly, and grades what the
// consumer does.
//
// Each check is a scenario of the library, below conformance, with the key check: a title, a level,
// what it applies to, and what to change when it fails. Run plays all of them and returns a Report.
// Start and Exam.Check play them one by one, so that a suite can make a spec of each.
//
//	report, err := exam.Run(ctx, nil, exam.Consumer{URL: url, Provider: "stripe", Secret: secret})
//	err = exam.WriteText(os.Stdout, report, exam.TextOptions{})
//
// # How a result comes about
//
// Before the first check, the exam sends a good delivery. If the consumer refuses it, nothing can
// be graded, and the report says why: nothing listens there, the path is wrong, the secret is
// wrong. Where no document states how the provider signs, the exam tries the provider's options
// first, and goes on with the one that the consumer accepts.
//
// Each check has a good delivery before and after it. A consumer that refuses everything passes
// nothing, and one that a bad delivery disturbs fails.
//
// The result is what the consumer answers and, when it can be read, what it does. Consumer.Effect
// reads a number that counts the consumer's actions. The exam compares its change with what one
// good delivery changes. Consumer.State reads the state of one entity; checks of the order compare
// the states of two entities.
//
// A request without a response in time is inconclusive: the consumer may have acted on it. A
// failure of a check that rests on an assumption of the provider's file is a warning.
package exam
