// Package replay sends captured requests again.
//
// A Change makes of a captured request the one that is sent. The zero Change sends the same bytes to another address: the target and Host
// become that address's, what was only about the old connection is left out, and the head says where the body ends. A Change says what else is
// to be different; what it does not name keeps every byte. Signing comes last, so that a changed request carries a signature that is right.
//
// A Plan sends many of them: one after the other, or at the pace at which they were captured. That pace is kept while a connection is free,
// however long the answers take, and what is late is measured.
package replay
