// Package wire speaks HTTP/1.1 exactly. It writes requests byte for byte as a Message gives them,
// with its header names in their order and case, nothing added and nothing left out, and it keeps
// responses as received.
//
// Client.Send sends one delivery: it opens a connection, or takes an idle one whose peer still has
// it open, writes head and body in one write, reads the response, and classifies the outcome by how
// far the exchange came. It follows no redirect and never sends twice, so you can trust a count of
// deliveries.
//
// Conn is for a load engine: one goroutine, one connection, prepared bytes, no allocation.
//
// Guard decides which addresses may be dialled, Trust which certificates are accepted over https.
// Append and ParseRequest turn messages into bytes and back.
//
// The grammar is RFC 9112's, with its leniencies for recipients: a bare LF ends a line, the reason
// phrase may be missing.
package wire
