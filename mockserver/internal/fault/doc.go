// Package fault has everything that a delivery can do wrong on purpose: a file for each
// fault, named after it, and one table of all.
//
//	f, err := fault.Parse("body:reserialize:pretty@1")
//	set, err := fault.NewSet([]fault.Fault{f})
//	err = set.Do(1, &fault.Request{Provider: p, Event: &event, Message: unsigned, …})
//
// A Fault is data, the same in Go, YAML, JSON and on the command line. A Set is checked faults in
// the order in which they are done, that of the table. Faults of whole deliveries (duplicate,
// delay, hold) say what the sender of the delivery does. The others change one request: Do changes
// the unsigned message where a fault says so, signs it, and then changes what is sent, and how.
//
// Each fault changes one thing. A fault that changes what a signature covers is done before the
// message is signed, so that only that one thing is wrong; the faults of the signature, and those
// that spoil a signed body, are done after. A fault that is not possible for a message is an
// error that says why, never left out.
package fault
