// Package analysis is what captures tell together, apart from what each of them says.
//
// DeliveryOf says which delivery a request is an attempt of: responses are chosen by it, Attempts
// finds the others, and SenderOf tells from them how the program that sent them retries. Irregulars
// counts what did not go as it should, and makes a bin's BinStats of it.
//
// Package diff compares two requests, package drift the bodies of many over time.
package analysis
