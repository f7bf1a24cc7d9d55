// Package capture is the receiving side of the server: bins that record every
// request byte for byte, and answer as they are told.
//
// A bin is the first segment of a request's path and exists from its first
// use. The main path is capture.go, from the socket to the response. A
// connection is read by one goroutine, exchange by exchange: the
// request is read whole, within limits and outside any lock; its signature is
// verified, if the bin names a provider; the response is chosen; the capture is
// appended to the journal with both; then, and only then, the first byte of
// the response is written. So whoever has seen a response can read the capture, and
// a 2xx is never given for something that is not stored: a store without room
// is a 507, another failure of it a 500.
//
// Package http1 has the grammar. What it reports is recorded here, not refused:
// a request that was aborted, is too large or is malformed
// is recorded as a capture too, as far as it came and with the problem in words,
// when its bin is known; it is answered 4xx and takes no response of the sequence.
// Its bytes as they came are kept with it, as are those of a body in chunks:
// see journal.Capture.Bytes.
// What is unusual but readable (two Host lines, a target with "://" or a
// space, Transfer-Encoding beside Content-Length) is a capture like others,
// with the problem noted. What is done with every request that names a bin is counted
// in the bin's stats.
//
// A second address may speak TLS, with a certificate of the server's own
// authority; the bins are the same, and a capture says how it came. Whoever
// speaks TLS to the other address, or SSH or HTTP/2 to any, is told so at once
// (foreign.go).
//
// Settings give a bin a provider, and a script of responses or a consumer behind
// it; they are kept in the store and survive a restart. Responses are taken in
// order, by the bin, by a rule or by each delivery, and may be late, slow, cut
// short or never come. Before them come handshakes: requests by which a system
// checks a new endpoint, answered as it wants them. What is forwarded to the
// consumer is stored before it is passed on, and its capture has the consumer's
// response before the sender gets it.
//
// A Server finds what it recorded, and waits for it, as a query.Searcher. What
// captures tell together, of their sender and of attempts, is package analysis.
//
// A Front is an API that is spoken at the capture address itself and makes bins
// itself: package webhooksite. What is sent to /token and below is a call of it
// and is not recorded, so no bin is called "token"; without a Front it is a 404.
package capture
