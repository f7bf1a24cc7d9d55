// Package problem carries an error over HTTP, as the problem details of RFC 9457.
//
// The dashboard writes Of(err) and the client reads a Problem, in which errors.Is finds the same
// sentinels as in err. The text of the error is its detail, so a caller sees the same words on both
// sides. The vendor APIs take the status of an error from the same table.
package problem
