// Package analysis finds facts about several captures together.
//
// DeliveryOf returns the delivery that a request is an attempt of. Bins choose responses by it,
// Attempts finds the other attempts, and SenderOf derives how the sender retries. Irregulars counts
// refused, aborted and dropped requests, and returns a bin's BinStats.
//
// Package diff compares two requests, package drift the bodies of many over time.
package analysis
