// Package postgres stores a journal in a PostgreSQL database, which several nodes may share:
// servers behind a load balancer that show each other's captures and deliveries.
//
// What a method of the store has written survives a power cut of the server once the method
// returns: every transaction has synchronous_commit=on. One goroutine of each node, the writer,
// collects all requests that arrived since its last commit and commits them as one transaction.
//
// The main path is AppendCapture (store.go): the sender packs its capture into a record (package
// record), queues it (queue.go), and waits. The writer (writer.go) takes the lock of the journal,
// numbers the capture, inserts it with the others as arrays of columns (tx.go), evicts the bin's
// oldest captures beyond its limit (bin.go), commits, and wakes the sender. That takes two
// exchanges with the server, if nothing is evicted.
//
// # Order
//
// The lock is the only row of table journal, which has the last numbers and the totals. Every
// transaction that writes locks it first and until its commit. So numbers are unique, without
// gaps, and ascend in the order of the commits, over all nodes: a reader that has seen a number
// never finds a lower one later. An identity column does not promise that. Numbers are not counted
// for each bin: the contract of journal.Store has one order for all bins, a bin is at any time a
// selection of it, and the row of a bin has the exact counts of its captures, which the same
// transactions write. One lock costs little, because a node has one writer, which commits hundreds
// of captures at once.
//
// # Eviction
//
// The ring of a bin deletes rows. The limits of bytes and age evict the oldest captures of all bins
// without touching them: table captures is partitioned by number, the row of journal has a floor up
// to which no statement sees a capture, and a partition below it is dropped whole (partition.go).
// The counts of the bins come from an aggregate of what goes, which the primary key answers without
// the rows, because it includes bin and size.
//
// A full journal has about 32 partitions, so that it takes at most a thirtieth more than its limit;
// a few old captures of some bins can make it 64 and a few. Lookups read one partition, pages one
// or two. Compared with one plain table, an append costs the server 2 % more processor time, log
// and space. The throughput differs less than runs do.
//
// # Other nodes
//
// Every transaction adds a row to table changes that says what it changed (changes.go). A node
// reads the rows of the others in the order of the commits, and reports them to its watches: in
// its own transactions, after a notice of another node, and each second, in case a notice is lost
// (node.go).
//
// # Who is there
//
// Each second a node writes into its row of table nodes that it runs, and what it says about itself
// (presence.go). The result of that write is its readiness. A node that was not seen for some time
// has ended, and others adopt its deliveries. A node that is closed deletes its row, so that they
// do so without waiting.
//
// A document that several nodes change is replaced only if it is still what the node has read
// (Swap). The others are read again by each node when it learns of a change.
//
// # Which node makes a delivery
//
// A row of deliveries has its node, the owner: the only one that may add attempts to it
// (delivery.go). A node says every few seconds that it runs, which extends its lease, and stops its
// attempts before the lease ends. A node whose lease has ended loses its pending deliveries to the
// next one that looks for them (lease.go). Ordered deliveries of an endpoint are saved for the
// owner of its pending ones, which learns of them from table changes. So there is no row for who
// owns an endpoint: when none is pending, the next one to save a delivery owns it.
//
// The lock of the journal keeps this free of races: who saves, records, adopts, or comes back after
// its lease ended, has it. Leases rely on two clocks: the monotonic one of each node, and that of
// the server. If the server's clock jumps ahead by more than a fifth of a lease, two nodes may make
// the same attempt; then one of them cannot record it.
//
// # Sequences
//
// Table turns counts the responses that were taken of the scripts of bins, and scripts which
// revision of a script is counted (turn.go). A turn is a request to the writer like a capture, so
// those that come at once share a transaction.
//
// # When the database is away
//
// Calls wait for a few seconds, so that a restart of the server is not noticed. Then they return
// errors that wrap ErrUnavailable. If the connection breaks during a commit, the writer connects
// again, takes the lock, and looks for its batch in table changes: it stores the batch again only
// if it is not there, and acknowledges nothing before it knows.
//
// # Searches
//
// Text indexes are those of the SQLite store (package textindex), built on demand: a search makes
// its node build the missing ones in the background, for later searches (indexer.go). They are
// dropped with their partition. For a webhook with a text of 620 bytes that costs the node 9 µs of
// processor time and the database 256 bytes. An index by pg_trgm costs the database 264 µs, about
// twenty times what storing the capture does, and 1.8 KB (BenchmarkTextIndex). It could not keep
// up, and it needs an extension and texts without NUL bytes.
//
// # Limits
//
// The store uses pgx's protocol only (package pgconn). Its types and its pool would make the
// program 3 MB larger, and goose needs them: so a pool (pool.go), the binary format of its types
// (values.go) and the migrations (schema.go) are written here.
package postgres
