// Package diff compares two requests by what they mean.
//
// Messages compares the request line, the header lines and the body, and lists every difference
// with its place and kind. The kind tells differences in writing only (the case of a header's name,
// the order of lines and keys, "\/" for "/", 1.0 for 1) from differences in meaning. It compares
// and shows numbers as they are written, however long, without converting them to floating point.
package diff
