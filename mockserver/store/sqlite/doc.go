// Package sqlite keeps a journal in a directory, in one SQLite database.
//
// What a method of the store has written survives a power cut when it
// returns: the database is in WAL mode with synchronous=FULL. Durability is
// shared: one goroutine, the writer, takes whatever has gathered since its
// last commit and commits it as one transaction, so that hundreds of
// concurrent senders pay for one fsync together. Readers work beside it, each
// on the last commit.
//
// The main path is AppendCapture (store.go): the sender packs its capture
// into a record (record.go), queues it (queue.go), and waits; the writer
// (writer.go) numbers it, inserts it, drops what the bin's ring has no more
// room for (retention.go), commits, and wakes the sender.
//
// A search (search.go) reads only what the text indexes let through, small tables of
// bits that are made behind the writer's back (text index.go, indexer.go). What has
// none yet is read through, so they change only how long it takes.
//
// Beside journal.db stand journal.mark, which says how far the journal came, so that a log that was cut short
// or removed is noticed (mark.go, log.go), and journal.reserve, which keeps room on a full disk for
// deleting (reserve.go). Neither is needed to read the database: a closed journal is one file.
//
// A directory belongs to one process at a time. The files in it are readable
// by their owner only: requests hold secrets.
package sqlite
