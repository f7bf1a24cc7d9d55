// Package acceptance is the project's own end-to-end suite. It drives the built binary as a
// stranger would: over its command line, its addresses and its files, against receivers that are
// not hookserver's.
//
// `make suites` builds the binary and runs it; HOOKRIG_BINARY names one built elsewhere. Parts that
// a machine lacks (Docker, PHP, Node, openssl) skip their specs with the reason, unless
// HOOKRIG_REQUIRE lists them.
package acceptance
