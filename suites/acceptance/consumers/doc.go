// Package consumers has programs that receive webhooks as they should be received, in Go, Node, PHP
// and Python, and a table of the mistakes that such programs have.
//
// Read [Consumer] first: it is the program in Go. A request goes through the steps admit, read,
// verify, parse, record and answer, in this order. The programs in the other languages are one file
// each: node/consumer.mjs, php/consumer.php, python/consumer.py. All know the providers neostore,
// subscribfy, ethpass, stripe and github, and have the same flags:
//
//	go run ./suites/acceptance/consumers/golang --provider stripe --secret whsec_S
//	node suites/acceptance/consumers/node/consumer.mjs --provider stripe --secret whsec_S
//	php suites/acceptance/consumers/php/consumer.php --provider stripe --secret whsec_S
//	python3 suites/acceptance/consumers/python/consumer.py --provider stripe --secret whsec_S
//
// --address HOST:PORT is where to listen (127.0.0.1:0, a free port), each further --secret is an
// older one that is still valid, and --limit SECONDS is how long a sender may take for a body (10).
// A program prints "listening on http://HOST:PORT/hooks" once it is ready, and answers:
//
//	POST /hooks           the webhooks
//	GET  /effects         {"count": 2, "ids": ["evt_1", "evt_2"]}: what the events did, in order
//	GET  /states/ENTITY   {"state": "customer.updated"}: the newest event of an entity, or null
//	GET  /healthz         200
//
// The id of an event is the provider's, or the SHA-256 of the body in hex where the provider sends
// none. ENTITY is an id in the body, such as a passId of neostore, or with its kind, where other
// kinds have ids that are alike: membership/1234 of subscribfy.
//
// [Outsiders] are consumers that others wrote, right and wrong.
//
// The Go program also makes each mistake of [Mistakes], one at a time (--mistake NAME; --mistakes
// lists them). A check of consumers is tested with them: it accepts the right programs and finds
// the mistakes.
package consumers
