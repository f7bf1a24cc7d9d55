// Package replay sends captured requests again.
//
// A Change converts a captured request to the one that is sent. The zero Change only changes the
// address: it replaces the target and the Host line, removes header lines of the old connection,
// and corrects the header lines that say where the body ends. All other bytes stay, except what the
// Change names. Signing is the last step, so a changed request has a correct signature.
//
// A Plan sends many requests: one after the other, or at the pace at which they were captured. The
// pace does not depend on slow responses while a connection is free, and delays are measured.
package replay
