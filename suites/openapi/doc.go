// Package openapi checks the API's document with two libraries that others wrote: the document is
// valid, and what the API takes and answers matches it.
//
// Only these tests compile the two libraries, which takes longer than the rest of the tests. So
// they have a package that nothing imports and that runs without the race detector.
package openapi
