// Package wire speaks HTTP/1.1 exactly: requests are written byte for byte as
// a Message says, header names in its order and case, nothing added and
// nothing left out, and responses are kept as they came.
//
// Client.Send is the way of one delivery: it opens a connection, or takes an
// idle one whose peer is still there, writes head and body in one write,
// reads the response, and classes what happened by how far it came. It follows
// no redirect and never sends twice: whoever counts deliveries can trust the
// count.
//
// Conn is the way of a load engine: one goroutine, one connection, prepared
// bytes, no allocation.
//
// Guard decides which addresses may be dialled at all, Trust which certificates
// are taken of those who are called by https. Append and ParseRequest turn
// messages into bytes and back.
//
// The grammar is RFC 9112's, read with its leniencies for recipients: a bare
// LF ends a line, the reason phrase may be missing.
package wire
