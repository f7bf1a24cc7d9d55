// Package capture is the receiving side of the server: bins that record every request byte for byte
// and return the responses that you configure.
//
// A bin is the first segment of a request's path and exists from its first use. The main path is
// capture.go, from the socket to the response. One goroutine reads a connection, exchange by
// exchange: it reads the request whole, within limits and outside any lock; it verifies the
// signature, if the bin names a provider; it chooses the response; it appends the capture to the
// journal with both; only then it writes the first byte of the response. So whoever has seen a
// response can read the capture, and the server never returns a 2xx for something that is not
// stored: a store without room is a 507, another failure of the store a 500.
//
// Package http1 has the grammar. Capture records what http1 reports and does not drop it: a request
// that was aborted, is too large or is malformed is a capture too, as far as it was received and
// with the problem in words, when its bin is known. It gets a 4xx and takes no response from the
// sequence. The capture keeps its raw bytes, as it does for a chunked body: see
// journal.Capture.Bytes. An unusual but readable request (two Host lines, a target with "://" or a
// space, Transfer-Encoding beside Content-Length) is a normal capture with the problem noted. The
// bin's stats count every request that names a bin.
//
// A second address may speak TLS, with a certificate of the server's private authority. The bins
// are the same, and a capture has its TLS version. The server at once answers a sender that speaks
// TLS to the other address, or SSH or HTTP/2 to any (foreign.go).
//
// Settings give a bin a provider, and a script of responses or a consumer to forward to. The store
// keeps them, so they survive a restart. Responses are taken in order, by the bin, by a rule or by
// each delivery; they may be late, slow, cut short or never sent. Handshakes come first: they
// answer the requests by which a provider checks a new endpoint. A forwarded request is stored
// before it is sent to the consumer, and the consumer's response is stored before the sender gets
// it.
//
// A Server finds captures, and waits for them, as a query.Searcher. Package analysis compares
// captures: it finds attempts and profiles the sender.
//
// A Front is an API served at the capture address that creates its bins: package webhooksite.
// Requests to /token and below are API calls and are not recorded, so no bin is called "token";
// without a Front they are a 404.
package capture
