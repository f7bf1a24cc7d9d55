// Package export writes captures as files that other programs take, and reads them back.
//
// A Format is one kind of file: the exact bytes of a request, a curl command, HAR, JSON Lines, a scenario, a Go test,
// the JSON Schema that the bodies have in common. Each is a function from captures to bytes, one a file of this package, and Formats lists them all. HAR and JSON Lines can be
// read as well, and give every capture back as it was, byte for byte.
//
// Secrets are replaced by REDACTED unless they are asked for; see Options.
package export
