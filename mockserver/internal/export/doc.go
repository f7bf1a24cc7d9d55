// Package export writes captures to files for other programs and reads them back.
//
// A Format is one kind of file: the exact bytes of a request, curl commands, HAR, JSON Lines, a
// scenario, a Go test, or a JSON Schema of the bodies. Each is a function from captures to bytes in
// a file of this package, and Formats lists them all. HAR and JSON Lines can be read too: every
// capture is read back byte for byte.
//
// Secrets are replaced by REDACTED, unless Options.KeepSecrets is set.
package export
