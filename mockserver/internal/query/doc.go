// Package query is the one language in which captures are asked for, by the page, the API, the
// command line, waits and what is deleted.
//
// A query is words and fields with spaces between them; a condition is a jq program over the
// request. Both must hold:
//
//	gold "some words" -silver NOT "pass:create"
//	method:POST path:/hooks header.x-event:created body:"some text"
//	bin:orders status:503 status:5xx provider:neostore verdict:mismatch problem:aborted
//	after:2026-01-15T09:00:00Z before:2026-01-15 after:-14d larger:2K smaller:500
//
// Help says what each means. The main path is query.go: a Searcher makes a query ready
// (selection.go, which reads it with terms.go, field.go and condition.go) and looks at captures
// until a page is full. A page costs no more than so many looks and says where to go on: the store
// leaves out most captures that do not hold the words (journal.Store.Search).
//
// Wait waits for captures to come, or never to come: it wakes at the commit itself, and when it
// fails says of the nearest captures field by field why they did not match. Those who wait in one
// bin have what is new read once (shared.go). A wait about captures that the bin has let go is
// inconclusive, and says so.
package query
