// Package sender checks a sender of webhooks: it grades the requests that a bin recorded from it,
// by what a provider's file documents.
//
//	report, err := sender.Provoke(ctx, client, "inbox", sender.Options{Provider: p, Secrets: secrets}, sender.Watch{Limit: time.Minute})
//	err = exam.WriteText(os.Stdout, report, exam.TextOptions{})
//
// Provoke has two phases, which programs can also run one by one. First a Plan makes the bin answer
// each event differently: 500, 503 with Retry-After, 429, no response, a redirect, 410. The
// sender's own program sends the events, because nobody else can. Then Grade reads the captures
// with the responses that they got, groups them into deliveries (the attempts with the same id, or
// without an id those with the same body) and makes each check of Checks. The Report is that of
// package exam.
//
// What the sender should do comes from fixtures: the signature scheme, the header lines, the retry
// profile, what stops a delivery. A check whose occasion never came, such as a 503 that no attempt
// got, is inconclusive. A check of something that no document states warns and does not fail.
package sender
