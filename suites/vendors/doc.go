// Package vendors has the providers' own libraries take what hookrig sends in their name, as a
// consumer would: signature, body and header lines.
//
// Nothing imports the package, so that a program that imports package fixtures never downloads
// these libraries, not even for go mod tidy.
package vendors
