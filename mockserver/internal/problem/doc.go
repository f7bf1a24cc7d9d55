// Package problem converts errors to the problem details of RFC 9457 and back.
//
// The dashboard writes Of(err). The client reads a Problem, and errors.Is finds in it the same
// sentinel errors. The error's text is its detail, so both sides see the same text. The vendor APIs
// take the status of an error from the same table.
package problem
