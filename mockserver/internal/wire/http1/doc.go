// Package http1 is the grammar of HTTP/1.x messages (RFC 9112), for senders, receivers and files.
//
// A Reader reads a connection: Head returns a whole head, then Sized, Chunks or Rest read the body
// that its Frame announces. Head.Parse parses a head line by line.
//
// The grammar reports and the caller decides. Even when a message is wrong, the readable parts are
// returned, with an error: Malformed, TooLarge, ErrLong or the connection's. A sender refuses such
// a response; the capture server records such a request. The leniencies are the RFC's for
// recipients: a bare LF ends a line, empty lines before a message are skipped. A name must be a
// token, without bytes above ASCII.
package http1
