package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/journal/record"
)

// tx is one transaction of the writer. It has the lock of the journal, so nobody else changes what
// it has read. Its changes of rows are collected here and sent by flush.
type tx struct {
	ctx   context.Context
	w     *writer
	o     journal.Limits
	batch *batch

	row        journalRow
	bins       map[string]*bin // nil values are bins that do not exist
	byID       map[int64]*bin
	deliveries map[string]*deliveryRow // nil values do not exist
	captures   map[uint64]*captureRow  // nil values do not exist
	changes    []journal.Change
	documents  []documentName // that were put or deleted
	changed    bool           // something is to be committed

	inserted    captureArrays
	dirtyBins   []*bin
	dirtyStates []*deliveryRow
	attempts    *attemptArrays
	owners      map[string]string // of the ordered deliveries of endpoints
	given       []givenName       // the ordered deliveries that were saved
	turnTables
	committing bool // COMMIT was sent
}

// journalRow is the row of table journal: see schema.
type journalRow struct {
	seq, delivery, change                                              int64
	captures, deliveries                                               int64
	captureBytes, binBytes, finishedBytes, pendingBytes, documentBytes int64
	evictedCaptures, evictedDeliveries, forgotten                      int64
	bin, emptied, emptyBins                                            int64
	floor, partitioned                                                 int64
}

func (r *journalRow) columns() []*int64 {
	return []*int64{
		&r.seq, &r.delivery, &r.change, &r.captures, &r.deliveries, &r.captureBytes, &r.binBytes, &r.finishedBytes, &r.pendingBytes, &r.documentBytes,
		&r.evictedCaptures, &r.evictedDeliveries, &r.forgotten, &r.bin, &r.emptied, &r.emptyBins, &r.floor, &r.partitioned,
	}
}

// all returns the bytes of all records.
func (r *journalRow) all() int64 { return r.captureBytes + r.finishedBytes + r.fixed() }

// fixed returns the bytes of records that cannot be evicted.
func (r *journalRow) fixed() int64 { return r.binBytes + r.pendingBytes + r.documentBytes }

// ofState returns the part of the row that counts the bytes of deliveries in a state.
func (r *journalRow) ofState(state journal.State) *int64 {
	if state == journal.Pending {
		return &r.pendingBytes
	}
	return &r.finishedBytes
}

// captureRow is what an operation needs of a stored capture.
type captureRow struct {
	head            []byte
	body, size, bin int64 // body is its length
}

// captureArrays are the columns of captures that are to be inserted.
type captureArrays struct{ seqs, bins, sizes, heads, bodies *array }

func newCaptureArrays(count, bytes int) captureArrays {
	return captureArrays{
		newArray(typeInt8, 12*count), newArray(typeInt8, 12*count), newArray(typeInt8, 12*count), newArray(typeBytea, bytes), newArray(typeBytea, bytes),
	}
}

// attemptArrays are the columns of attempts that are to be inserted.
type attemptArrays struct{ deliveries, records *array }

// begin starts a transaction, takes the lock, and loads what the requests need.
func (w *writer) begin(ctx context.Context, requests []*request) (*tx, error) {
	t := &tx{
		ctx: ctx, w: w, o: w.s.o, bins: map[string]*bin{}, byID: map[int64]*bin{}, deliveries: map[string]*deliveryRow{}, captures: map[uint64]*captureRow{},
	}
	t.batch = w.c.start(ctx)
	t.batch.add(sqlBegin, nil, nil)
	t.batch.add(sqlLock, nil, t.row.scan)
	t.batch.add(sqlChanges, [][]byte{number(w.cursor), number(int64(changesAtOnce))}, w.apply)
	count, bytes := 0, 0
	var names, ids []string
	var seqs []uint64
	var turns []turnName
	var endpoints []string
	for _, r := range requests {
		if r.operation == nil {
			names = append(names, r.bin)
			count++
			bytes += len(r.head) + len(r.body) + 8
			continue
		}
		if r.needs.bin != "" {
			names = append(names, r.needs.bin)
		}
		if r.needs.capture != 0 {
			seqs = append(seqs, r.needs.capture)
		}
		ids = append(ids, r.needs.deliveries...)
		turns = append(turns, r.needs.turns...)
		endpoints = append(endpoints, r.needs.endpoints...)
	}
	t.inserted = newCaptureArrays(count, bytes)
	t.addBins(names)
	t.addDeliveries(ids)
	t.addCaptures(seqs)
	t.addTurns(turns)
	t.addOwners(endpoints)
	if err := t.batch.run(); err != nil {
		return t, err
	}
	for w.cursor < t.row.change {
		before := w.cursor
		t.batch.add(sqlChanges, [][]byte{number(w.cursor), number(int64(changesAtOnce))}, w.apply)
		if err := t.batch.run(); err != nil {
			return t, err
		}
		if w.cursor == before { // they were deleted
			w.skipChanges(t.row.change)
		}
	}
	return t, nil
}

// scan reads the row of table journal.
func (r *journalRow) scan(row [][]byte) error {
	for i, column := range r.columns() {
		*column = integer(row[i])
	}
	return nil
}

// transact runs the requests, and returns false if there is nothing to commit.
func (t *tx) transact(requests []*request) (bool, error) {
	if err := t.appendCaptures(requests); err != nil {
		return false, err
	}
	if err := t.partition(); err != nil {
		return false, err
	}
	for _, r := range requests {
		if r.operation == nil {
			continue
		}
		if err := t.operate(r); err != nil {
			return false, err
		}
	}
	if err := t.retain(); err != nil {
		return false, err
	}
	return t.changed, nil
}

// operate runs an operation. If its record is missing, damaged, a duplicate, too large for the
// limits or changed by another node, only the operation fails, and its earlier changes stay. Any
// other error fails the transaction.
func (t *tx) operate(r *request) error {
	r.err = r.operation(t)
	for _, known := range []error{journal.ErrNotFound, journal.ErrExists, journal.ErrChanged, journal.ErrOutdated, journal.ErrNotOwner, record.ErrDamaged, errNoRoom} {
		if errors.Is(r.err, known) {
			return nil
		}
	}
	return r.err
}

// commit writes the changes and commits.
func (t *tx) commit() error {
	t.addFlush()
	t.row.change++
	t.batch.add(sqlInsertChange, [][]byte{number(t.row.change), text(t.w.s.node), number(t.w.number), packChanges([]byte{}, changeList{t.changes, t.documents, t.given})}, nil)
	columns := t.row.columns()
	args := make([][]byte, len(columns))
	for i, column := range columns {
		args[i] = number(*column)
	}
	t.batch.add(sqlUpdateJournal, args, nil)
	t.batch.add(sqlCommit, nil, nil)
	t.committing = true
	return t.batch.end()
}

// rollback ends a transaction that changed nothing.
func (t *tx) rollback() error {
	t.batch.add(sqlRollback, nil, nil)
	return t.batch.end()
}

// flush writes the changes that are collected, so that statements see them.
func (t *tx) flush() error {
	t.addFlush()
	return t.batch.run()
}

// addFlush adds the statements of flush.
func (t *tx) addFlush() {
	if a := &t.inserted; a.seqs.len() > 0 {
		t.batch.add(sqlInsertCaptures, [][]byte{a.seqs.data, a.bins.data, a.sizes.data, a.heads.data, a.bodies.data}, nil)
		t.inserted = newCaptureArrays(0, 0)
	}
	t.addDirtyBins()
	t.addDirtyDeliveries()
	t.addDirtyTurns()
}

// admit returns an error if a record of that size cannot fit.
func (t *tx) admit(what string, size int64) error {
	if room := t.o.Bytes - t.row.fixed(); size > room {
		return fmt.Errorf("%s has %d bytes, but only %d of %d are available: %w", what, size, max(0, room), t.o.Bytes, errNoRoom)
	}
	return nil
}

// errNoRoom is the error of a record that does not fit even after evictions.
var errNoRoom = fmt.Errorf("no room: %w", journal.ErrFull)

// appendCaptures numbers the captures of the requests in order.
func (t *tx) appendCaptures(requests []*request) error {
	for _, r := range requests {
		if r.operation != nil {
			continue
		}
		b, err := t.bin(r.bin)
		if err != nil {
			return err
		}
		counted := int64(r.size)
		if b == nil {
			counted += binSize(r.bin)
		}
		if r.err = t.admit("a capture", counted); r.err != nil {
			continue
		}
		if b == nil {
			b = t.makeBin(r.bin)
		}
		t.row.seq++
		r.seq = uint64(t.row.seq)
		t.touch(b)
		if b.emptied > 0 {
			b.emptied = 0
			t.row.emptyBins--
		}
		b.last, b.count, b.bytes = t.row.seq, b.count+1, b.bytes+int64(r.size)
		t.row.captures++
		t.row.captureBytes += int64(r.size)
		a := &t.inserted
		a.seqs.addNumber(t.row.seq)
		a.bins.addNumber(b.id)
		a.sizes.addNumber(int64(r.size))
		a.heads.addBytes(r.head)
		a.bodies.addBytes(r.body)
		t.note(journal.Change{Kind: journal.CaptureStored, Bin: b.name, Seq: r.seq})
	}
	return nil
}

// addCaptures adds a query for captures by their numbers.
func (t *tx) addCaptures(seqs []uint64) {
	if len(seqs) == 0 {
		return
	}
	for _, seq := range seqs {
		t.captures[seq] = nil
	}
	t.batch.add(sqlCaptureRows, [][]byte{numbers(seqs), number(t.row.floor)}, func(row [][]byte) error {
		t.captures[uint64(integer(row[0]))] = &captureRow{text(row[1]), integer(row[2]), integer(row[3]), integer(row[4])}
		return nil
	})
}

// capture returns a capture's row, or nil.
func (t *tx) capture(seq uint64) (*captureRow, error) {
	if _, known := t.captures[seq]; !known {
		t.addCaptures([]uint64{seq})
		if err := t.flush(); err != nil {
			return nil, err
		}
	}
	return t.captures[seq], nil
}

// missing returns the names that a map does not have, each once.
func missing[V any](known map[string]V, names []string) []string {
	var list []string
	for _, name := range names {
		if _, found := known[name]; !found {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return slices.Clip(slices.Compact(list))
}

// The statements of the writer. They are prepared when it connects.
const (
	journalColumns = "seq, delivery, change, captures, deliveries, capture_bytes, bin_bytes, finished_bytes, pending_bytes, document_bytes, " +
		"evicted_captures, evicted_deliveries, forgotten, bin, emptied, empty_bins, floor, partitioned"

	sqlBegin    = "BEGIN"
	sqlCommit   = "COMMIT"
	sqlRollback = "ROLLBACK"
	sqlLock     = "SELECT " + journalColumns + " FROM journal FOR UPDATE"
	sqlNewest   = "SELECT change FROM journal"
	sqlChanges  = "SELECT n, list FROM changes WHERE n > $1 ORDER BY n LIMIT $2"

	sqlUpdateJournal = "UPDATE journal SET (" + journalColumns + ") = ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)"
	sqlInsertChange  = "INSERT INTO changes (n, node, batch, list) VALUES ($1, $2, $3, $4)"
	sqlFindBatch     = "SELECT n FROM changes WHERE n > $1 AND node = $2 AND batch = $3"

	sqlInsertCaptures = "INSERT INTO captures (seq, bin, size, head, body) SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bytea[], $5::bytea[])"
	sqlCaptureRows    = "SELECT seq, head, length(body)::bigint, size, bin FROM captures WHERE seq = ANY($1::bigint[]) AND seq > $2 AND seq > " + sqlFloor
	sqlUpdateHead     = "UPDATE captures SET head = $2, size = $3 WHERE seq = $1"
	sqlOldestOfBin    = "SELECT seq, size FROM captures WHERE bin = $1 AND seq <= $2 AND seq > $4 ORDER BY seq LIMIT $3"
	sqlDeleteOfBin    = "DELETE FROM captures WHERE bin = $1 AND seq <= $2 AND seq > $3"
	sqlDeleteCaptures = "DELETE FROM captures WHERE seq = ANY($1::bigint[]) AND seq > $2 RETURNING seq, bin, size"
	// The oldest captures that have together so many bytes, by bin.
	sqlOldestOfAll = "SELECT bin, count(*), sum(size)::bigint, max(seq) FROM (SELECT *, sum(size) OVER (ORDER BY seq ROWS UNBOUNDED PRECEDING) - size AS before " +
		"FROM (SELECT seq, bin, size FROM captures WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3) l) c WHERE before < $4::bigint GROUP BY bin ORDER BY 4"

	binColumns      = "id, name, count, bytes, last, evicted, cleared, emptied"
	sqlBins         = "SELECT " + binColumns + " FROM bins WHERE name = ANY($1::bytea[])"
	sqlBinsByID     = "SELECT " + binColumns + " FROM bins WHERE id = ANY($1::bigint[])"
	sqlFirstEmptied = "SELECT " + binColumns + " FROM bins WHERE emptied > 0 ORDER BY emptied LIMIT 1"
	sqlLargeBins    = "SELECT " + binColumns + " FROM bins WHERE count > $1 LIMIT 100"
	sqlInsertBins   = "INSERT INTO bins (" + binColumns + ") SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[])"
	sqlUpdateBins   = "UPDATE bins b SET count = v.count, bytes = v.bytes, last = v.last, evicted = v.evicted, cleared = v.cleared, emptied = v.emptied " +
		"FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[]) v (id, count, bytes, last, evicted, cleared, emptied) WHERE b.id = v.id"
	sqlDeleteBin = "DELETE FROM bins WHERE id = $1"

	sqlDeliveries       = "SELECT id, seq, state, next, size, node, attempts FROM deliveries WHERE id = ANY($1::bytea[])"
	sqlInsertDeliveries = "INSERT INTO deliveries (seq, id, provider, endpoint, event, state, next, size, record, node, ordered, attempts) " +
		"SELECT seq, id, provider, endpoint, event, state, next, size, record, node, ordered <> 0, attempts FROM unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::bytea[], " +
		"$5::bytea[], $6::bytea[], $7::bigint[], $8::bigint[], $9::bytea[], $10::bytea[], $11::bigint[], $12::bigint[]) " +
		"v (seq, id, provider, endpoint, event, state, next, size, record, node, ordered, attempts)"
	sqlUpdateDeliveries = "UPDATE deliveries d SET state = v.state, next = v.next, size = v.size, attempts = v.attempts " +
		"FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[]) v (seq, state, next, size, attempts) WHERE d.seq = v.seq"
	sqlInsertAttempts = "INSERT INTO attempts (delivery, record) SELECT d, r FROM unnest($1::bigint[], $2::bytea[]) WITH ORDINALITY v (d, r, i) ORDER BY i"
	sqlEvictDelivery  = "DELETE FROM deliveries WHERE seq = (SELECT seq FROM deliveries WHERE state <> 'pending' AND seq <= $1 ORDER BY seq LIMIT 1) RETURNING seq, id, size"
	sqlDeleteAttempts = "DELETE FROM attempts WHERE delivery = $1"

	sqlDocumentSize   = "SELECT length(doc)::bigint FROM documents WHERE kind = $1 AND key = $2"
	sqlDocument       = "SELECT doc FROM documents WHERE kind = $1 AND key = $2"
	sqlPutDocument    = "INSERT INTO documents (kind, key, doc) VALUES ($1, $2, $3) ON CONFLICT (kind, key) DO UPDATE SET doc = excluded.doc"
	sqlDeleteDocument = "DELETE FROM documents WHERE kind = $1 AND key = $2"

	sqlScripts    = "SELECT document, revision, first, generation, young FROM scripts WHERE document = ANY($1::bytea[])"
	sqlPutScripts = "INSERT INTO scripts (document, revision, first, generation, young) SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[]) " +
		"ON CONFLICT (document) DO UPDATE SET revision = excluded.revision, first = excluded.first, generation = excluded.generation, young = excluded.young"
	sqlDeleteScript = "DELETE FROM scripts WHERE document = $1"
	sqlTurns        = "SELECT k.document, k.sequence, k.member, t.ordinal, t.taken, t.generation FROM unnest($1::bytea[], $2::bigint[], $3::bytea[]) k (document, sequence, member) " +
		"CROSS JOIN LATERAL (SELECT * FROM turns t WHERE t.document = k.document AND t.sequence = k.sequence AND t.member = k.member LIMIT 1) t"
	sqlPutTurns = "INSERT INTO turns (document, sequence, member, ordinal, taken, generation) " +
		"SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bytea[], $4::bigint[], $5::bigint[], $6::bigint[]) " +
		"ON CONFLICT (document, sequence, member) DO UPDATE SET taken = excluded.taken, generation = excluded.generation"
	sqlDeleteTurns = "DELETE FROM turns WHERE document = $1 AND generation <= $2"

	sqlMark        = "INSERT INTO marks (at, capture, delivery) SELECT " + nowMicros + ", $1, $2 WHERE NOT EXISTS (SELECT FROM marks WHERE capture >= $1 AND delivery >= $2) ON CONFLICT DO NOTHING"
	sqlOldMark     = "SELECT max(at), max(capture), max(delivery) FROM marks WHERE at <= " + nowMicros + " - $1"
	sqlDeleteMarks = "DELETE FROM marks WHERE at <= $1 AND at < (SELECT max(at) FROM marks)"
	nowMicros      = "(extract(epoch from clock_timestamp()) * 1000000)::bigint"
)

// statements returns the statements of the writer.
func statements() []string {
	return []string{
		sqlBegin, sqlCommit, sqlRollback, sqlLock, sqlNewest, sqlChanges, sqlUpdateJournal, sqlInsertChange, sqlFindBatch,
		sqlInsertCaptures, sqlCaptureRows, sqlUpdateHead, sqlOldestOfBin, sqlDeleteOfBin, sqlOldestOfAll, sqlDeleteCaptures, sqlPartitions,
		sqlBins, sqlBinsByID, sqlFirstEmptied, sqlLargeBins, sqlInsertBins, sqlUpdateBins, sqlDeleteBin,
		sqlDeliveries, sqlInsertDeliveries, sqlUpdateDeliveries, sqlInsertAttempts, sqlEvictDelivery, sqlAdopt, sqlAdoptOrdered, sqlOwners, sqlDeleteAttempts,
		sqlDocumentSize, sqlDocument, sqlPutDocument, sqlDeleteDocument, sqlScripts, sqlPutScripts, sqlDeleteScript, sqlTurns, sqlPutTurns, sqlDeleteTurns, sqlMark, sqlOldMark, sqlDeleteMarks,
	}
}

// clone copies a text that shares the memory of a whole request.
func clone(name string) string { return strings.Clone(name) }
