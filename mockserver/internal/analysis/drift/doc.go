// Package drift tells in what the JSON of a sender looks otherwise than before: a member that was always there is gone, one
// that never was appears, a value has another type.
//
// A Shape is what a place of the bodies was seen to hold: Add takes a body in, Compare tells two shapes apart, and Schema
// writes one as a JSON Schema, which any validator holds later bodies against. Values are not compared: what a
// string says is the business of package diff. Only where few different strings came back again and again does a shape
// know them, as a JSON Schema's enum does.
package drift
