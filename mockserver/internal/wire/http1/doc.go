// Package http1 is the grammar of HTTP/1.x messages (RFC 9112), for those who send, for those who
// receive and for files.
//
// A Reader reads a connection: Head returns a head whole, then Sized, Chunks or Rest read the body
// that its Frame announces. A Head takes the text of a head apart, line by line.
//
// The grammar reports and the caller decides. Whatever is wrong with a message, what can be read of
// it is there, beside an error: Malformed, TooLarge, ErrLong or the connection's. A sender refuses
// such a response; the capture server records such a request. The leniencies are the RFC's for
// recipients: a bare LF ends a line, empty lines before a message are skipped. A name is a token
// and nothing else: bytes above ASCII are in none.
package http1
