// Package journaltest is the contract of a journal.Store, as tests: every
// implementation passes Run. What depends on an implementation, its bounds
// and its durability, it tests itself.
package journaltest
