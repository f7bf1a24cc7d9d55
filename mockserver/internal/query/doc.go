// Package query is the one query language for captures. The page, the API, the command line, waits
// and deletion use it.
//
// A query is words and fields with spaces between them; a condition is a jq program over the
// request. Both must hold:
//
//	gold "some words" -silver NOT "pass:create"
//	method:POST path:/hooks header.x-event:created body:"some text"
//	bin:orders status:503 status:5xx provider:neostore verdict:mismatch problem:aborted
//	after:2026-01-15T09:00:00Z before:2026-01-15 after:-14d larger:2K smaller:500
//
// Help explains each. The main path is query.go: a Searcher compiles a query (selection.go, which
// reads it with terms.go, field.go and condition.go) and checks captures until a page is full. The
// cost of a page is bounded, and a page that ends early says where to continue. The store skips
// most captures that do not contain the words (journal.Store.Search).
//
// Wait waits until captures arrive, or checks that none do. It wakes at the commit of a capture.
// When it fails, it explains field by field why the nearest captures did not match. Waits in one
// bin share their reads of new captures (shared.go). A wait is inconclusive, and says so, when the
// bin evicted captures that it did not read.
package query
