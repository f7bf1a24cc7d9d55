// Package benchmark measures the server with a database, and beside another web server.
//
// Nothing imports the package, so that users of package mockserver download neither;
// `make bench-go` runs it with the benchmarks of the other packages.
package benchmark
