// Package diff compares two requests by what they mean.
//
// Messages goes from the request line over the header lines to the body, and lists what differs, each with where it
// stands and how it does. What is only written otherwise (the case of a header's name, the order of lines and keys,
// "\/" for "/", 1.0 for 1) is told apart from what says something else. Numbers are compared and shown as they are
// written, however long: none becomes a floating point number.
package diff
