// Package drift finds changes in the shape of a sender's JSON: a member that was always present is
// missing, a new member appears, a value has another type.
//
// A Shape describes the bodies seen so far: Add adds a body, Compare returns the changes between
// two shapes, and Schema returns a JSON Schema with which any validator can check later bodies.
// Values are not compared; package diff does that. Only when few different strings repeat often
// does a shape list them, like a JSON Schema's enum.
package drift
