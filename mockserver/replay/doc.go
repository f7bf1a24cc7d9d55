// Package replay makes of a request that was captured the one that is sent again.
//
// The zero Change sends the same bytes to another address: the target and Host become that address's, a body that came in
// chunks goes in one piece, and nothing else is touched. A Change says what else is to be different; what it does not name
// keeps every byte. Signing comes last, so that a changed request carries a signature that is right.
package replay
