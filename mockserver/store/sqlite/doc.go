// Package sqlite stores a journal in a directory, in one SQLite database.
//
// What a method of the store has written survives a power cut once the method returns: the database
// is in WAL mode with synchronous=FULL. One goroutine, the writer, collects all requests that
// arrived since its last commit and commits them as one transaction, so that hundreds of concurrent
// senders share one fsync. Readers run concurrently, each on the last commit.
//
// The main path is AppendCapture (store.go): the sender packs its capture into a record
// (package record), queues it (queue.go), and waits. The writer (writer.go) numbers it, inserts it,
// evicts the bin's oldest captures beyond its limit (retention.go), commits, and wakes the sender.
//
// When captures arrive together, the writer first appends them to the file journal.tail, which is
// faster than a transaction, and answers their senders (tail.go). It inserts them a moment later,
// many at a time, and before anybody reads.
//
// A search (search.go) reads only the captures that the text indexes cannot rule out. Text indexes
// are small tables of bits that are built in the background (textindex.go, indexer.go). Captures
// without an index are read, so indexes change only how long a search takes.
//
// Two more files are next to journal.db. journal.mark says up to which record the journal was
// written, so that a truncated or deleted log is noticed (mark.go, log.go). journal.reserve
// reserves disk space for deletions on a full disk (reserve.go). Neither is needed to read the
// database: a closed journal is one file.
//
// One process at a time can open a directory. Only their owner can read its files, because requests
// contain secrets.
package sqlite
