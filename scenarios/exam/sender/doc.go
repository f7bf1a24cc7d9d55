// Package sender checks a sender of webhooks: it grades the requests that a bin recorded from it,
// by what a provider's file documents.
//
//	report, err := sender.Grade(captures, sender.Options{Provider: p, Secrets: []string{secret}})
//	err = sender.WriteText(os.Stdout, report, sender.TextOptions{})
//
// Grade reads captures with the responses that they got. It groups them into deliveries: the
// attempts with the same id, or without an id those with the same body. Then it makes each check of
// Checks. A check whose occasion never came, such as a 503 that no attempt got, is inconclusive,
// and says how to make it come. A sender is not the consumer's opposite in one thing: nobody can
// make it send. So the bin provokes, and the sender's own program sends the events.
//
// What the sender should do comes from fixtures: the signature scheme, the header lines, the retry
// profile, what stops a delivery. A check of something that the file marks assumed warns and does
// not fail.
package sender
