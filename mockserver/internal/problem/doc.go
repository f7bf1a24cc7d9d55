// Package problem is how an error crosses HTTP: as the problem details of RFC 9457, and back again.
//
// The dashboard writes Of(err); the client reads a Problem, and errors.Is finds the same sentinels in it as in the error that
// the dashboard had. The text of the error is its detail, so a caller sees the same words on both sides.
package problem
