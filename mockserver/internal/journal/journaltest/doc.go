// Package journaltest is the contract of a journal.Store as tests. Every implementation passes Run
// and RunBounds, and has tests for its durability.
package journaltest
