package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// archive is the journal of a schema, opened to be copied: see journal.Archive.
type archive struct {
	name   string
	config *pgconn.Config
	c      *conn            // all but the long queries
	bins   map[string]int64 // ids by name; nil: not loaded
}

// OpenArchive opens the journal in a database to copy it to another place. Errors wrap
// fs.ErrNotExist if there is none, ErrInUse if a server uses it, and otherwise those of Open.
func OpenArchive(ctx context.Context, address string) (journal.Archive, error) {
	return openArchive(ctx, address, false)
}

// CreateArchive opens the journal in a database to copy another one to it. It makes the schema as
// Open does. Errors wrap ErrInUse if a server uses the journal or another copy to it runs, and
// otherwise those of Open.
func CreateArchive(ctx context.Context, address string) (journal.Archive, error) {
	return openArchive(ctx, address, true)
}

// errNoJournal means that there is nothing to copy.
var errNoJournal = fmt.Errorf("no journal: %w", fs.ErrNotExist)

func openArchive(ctx context.Context, address string, create bool) (journal.Archive, error) {
	config, name, err := parse(address)
	if err != nil {
		return nil, err
	}
	// A copy reads all records with one statement.
	config.RuntimeParams["statement_timeout"] = "0"
	config.RuntimeParams["enable_seqscan"], config.RuntimeParams["enable_bitmapscan"], config.RuntimeParams["enable_hashjoin"] = "off", "off", "off"
	a := &archive{name: name, config: config}
	if schema := schemaOf(config); schema != defaultSchema {
		a.name += " (search_path=" + schema + ")"
	}
	if a.c, err = connect(ctx, config); err != nil {
		return nil, explainOpen(name, config, err)
	}
	if err = a.open(ctx, create); err == nil {
		err = a.checkUnused(ctx)
	}
	if err != nil {
		a.c.close()
		return nil, explainOpen(name, config, err)
	}
	return a, nil
}

func (a *archive) open(ctx context.Context, create bool) error {
	schema, found := schemaOf(a.config), false
	if err := a.c.query(ctx, "SELECT to_regclass($1 || '.version') IS NOT NULL", [][]byte{[]byte(schema)}, func(row [][]byte) error {
		found = row[0][0] == 1
		return nil
	}); err != nil {
		return err
	}
	if !found && !create {
		return fmt.Errorf("schema %s has %w", schema, errNoJournal)
	}
	if err := migrate(ctx, a.config); err != nil || !create {
		return err
	}
	hash := fnv.New64a()
	_, _ = hash.Write([]byte("hookrig copy to " + schema))
	locked := false
	if err := a.c.query(ctx, "SELECT pg_try_advisory_lock($1)", [][]byte{number(int64(hash.Sum64() >> 1))}, func(row [][]byte) error {
		locked = row[0][0] == 1
		return nil
	}); err != nil {
		return err
	}
	if !locked {
		return fmt.Errorf("%w: another copy to it runs: wait for its end", ErrInUse)
	}
	return nil
}

// checkUnused returns an error if a node uses the journal.
func (a *archive) checkUnused(ctx context.Context) error {
	var nodes int64
	if err := a.c.query(ctx, "SELECT count(*) FROM nodes WHERE seen > clock_timestamp() - lease", nil, func(row [][]byte) error {
		nodes = integer(row[0])
		return nil
	}); err != nil {
		return err
	}
	if nodes > 0 {
		return fmt.Errorf("%w: stop its servers first (%d); one that was killed counts as running until its lease ends, %s unless its address says otherwise", ErrInUse, nodes, defaultLease)
	}
	return nil
}

func (a *archive) Name() string { return a.name }

func (a *archive) Close() error {
	a.c.close()
	return nil
}

// explain says where an error of the database occurred.
func (a *archive) explain(err error) error {
	if err == nil || errors.Is(err, journal.ErrExists) || errors.Is(err, ErrInUse) {
		return err
	}
	return fmt.Errorf("%s: %w", a.name, oneLine(err))
}

// originKind is the kind of the document that an incomplete copy has.
const originKind = "hookrig/copy"

const sqlOrigin = "SELECT doc FROM documents WHERE kind = $1"

func (a *archive) Origin(ctx context.Context) (origin string, err error) {
	err = a.c.query(ctx, sqlOrigin, [][]byte{[]byte(originKind)}, func(row [][]byte) error {
		origin = string(row[0])
		return nil
	})
	return origin, a.explain(err)
}

// checkComplete returns an error if the journal is an incomplete copy.
func (s *store) checkComplete(ctx context.Context) error {
	found := false
	err := s.pool.do(ctx, func(c *conn) (bool, error) {
		return true, c.query(ctx, sqlOrigin, [][]byte{[]byte(originKind)}, func([][]byte) error {
			found = true
			return nil
		})
	})
	if err == nil && found {
		err = fmt.Errorf("%w: run \"hookrig copy\" again to finish it, or DROP SCHEMA %s CASCADE", ErrIncomplete, schemaOf(s.config))
	}
	return err
}

func (a *archive) Account(ctx context.Context) (journal.Account, error) {
	var account journal.Account
	var r journalRow
	err := a.c.query(ctx, "SELECT "+journalColumns+" FROM journal", nil, r.scan)
	if err == nil {
		const sql = "SELECT name, count, last, evicted, cleared, bytes FROM bins ORDER BY emptied = 0, emptied, name"
		err = a.c.query(ctx, sql, nil, func(row [][]byte) error {
			account.Bins = append(account.Bins, journal.ArchivedBin{Bin: scanBinCounts(row), Bytes: integer(row[5])})
			return nil
		})
	}
	if err == nil {
		err = a.c.query(ctx, "SELECT at, capture, delivery FROM marks ORDER BY at", nil, func(row [][]byte) error {
			account.Marks = append(account.Marks, journal.Mark{
				At: integer(row[0]) * 1000, Position: journal.Position{Capture: uint64(integer(row[1])), Delivery: uint64(integer(row[2]))},
			})
			return nil
		})
	}
	account.Numbers = journal.Position{Capture: uint64(r.seq), Delivery: uint64(r.delivery)}
	account.EvictedCaptures, account.EvictedDeliveries, account.Forgotten = uint64(r.evictedCaptures), uint64(r.evictedDeliveries), uint64(r.forgotten)
	return account, a.explain(err)
}

func (a *archive) Last(ctx context.Context) (p journal.Position, err error) {
	const sql = "SELECT (SELECT coalesce(max(seq), 0) FROM captures), (SELECT coalesce(max(seq), 0) FROM deliveries)"
	err = a.c.query(ctx, sql, nil, func(row [][]byte) error {
		p.Capture, p.Delivery = uint64(integer(row[0])), uint64(integer(row[1]))
		return nil
	})
	return p, a.explain(err)
}

// stream runs a query on a connection of its own, which does not read its rows faster than visit
// takes them.
func (a *archive) stream(ctx context.Context, sql string, visit func(row [][]byte) error) error {
	c, err := connect(ctx, a.config)
	if err != nil {
		return a.explain(err)
	}
	defer c.close()
	statement, err := c.prepare(ctx, sql)
	if err != nil {
		return a.explain(err)
	}
	rows := c.pg.ExecStatement(ctx, statement, nil, nil, binaryFormat())
	for rows.NextRow() {
		if err := visit(rows.Values()); err != nil {
			return err
		}
	}
	_, err = rows.Close()
	return a.explain(err)
}

func (a *archive) Captures(ctx context.Context, visit func(journal.ArchivedCapture) error) error {
	names := map[int64]string{}
	if err := a.c.query(ctx, "SELECT id, name FROM bins", nil, func(row [][]byte) error {
		names[integer(row[0])] = string(row[1])
		return nil
	}); err != nil {
		return a.explain(err)
	}
	return a.stream(ctx, "SELECT seq, bin, size, head, body FROM captures WHERE seq > "+sqlFloor+" ORDER BY seq", func(row [][]byte) error {
		bin, found := names[integer(row[1])]
		if !found {
			return fmt.Errorf("%s: %w: capture %d is of a bin that does not exist", a.name, errCorrupt, integer(row[0]))
		}
		return visit(journal.ArchivedCapture{Seq: uint64(integer(row[0])), Bin: bin, Size: integer(row[2]), Head: row[3], Body: row[4]})
	})
}

func (a *archive) Deliveries(ctx context.Context, visit func(journal.ArchivedDelivery) error) error {
	var last journal.ArchivedDelivery
	const sql = "SELECT d.seq, d.id, d.provider, d.endpoint, d.event, d.state, d.next, d.size, d.record, a.record " +
		"FROM deliveries d LEFT JOIN attempts a ON a.delivery = d.seq ORDER BY d.seq, a.id"
	err := a.stream(ctx, sql, func(row [][]byte) (err error) {
		if seq := uint64(integer(row[0])); seq != last.Seq {
			if last.Seq != 0 {
				err = visit(last)
			}
			last = journal.ArchivedDelivery{
				Seq: seq, ID: string(row[1]), Provider: string(row[2]), Endpoint: string(row[3]), Event: string(row[4]), State: journal.State(row[5]),
				Next: integer(row[6]), Size: integer(row[7]), Record: text(row[8]),
			}
		}
		if row[9] != nil {
			last.Attempts = append(last.Attempts, text(row[9]))
		}
		return err
	})
	if err == nil && last.Seq != 0 {
		err = visit(last)
	}
	return err
}

func (a *archive) Documents(ctx context.Context, visit func(journal.ArchivedDocument) error) error {
	return a.stream(ctx, "SELECT kind, key, doc FROM documents WHERE kind <> '"+originKind+"' ORDER BY kind, key", func(row [][]byte) error {
		return visit(journal.ArchivedDocument{Kind: string(row[0]), Document: journal.Document{Key: string(row[1]), Doc: row[2]}})
	})
}

// Begin notes the origin before it looks for nodes, and a node looks for the note after it has
// appeared: so one of them notices the other.
func (a *archive) Begin(ctx context.Context, origin string) error {
	if err := a.transact(ctx, func() error {
		var row journalRow
		if err := a.c.query(ctx, sqlLock, nil, row.scan); err != nil {
			return err
		}
		used := row.seq > 0 || row.delivery > 0 || row.bin > 0
		if err := a.c.query(ctx, "SELECT FROM documents LIMIT 1", nil, func([][]byte) error {
			used = true
			return nil
		}); err != nil {
			return err
		}
		if used {
			return fmt.Errorf("%s has other data: name another schema with ?search_path=NAME, or run DROP SCHEMA %s CASCADE: %w",
				a.name, schemaOf(a.config), journal.ErrExists)
		}
		return a.c.query(ctx, sqlPutDocument, [][]byte{text(originKind), {}, text(origin)}, nil)
	}); err != nil {
		return err
	}
	if err := a.checkUnused(ctx); err != nil {
		return errors.Join(a.explain(err), a.End(ctx))
	}
	return nil
}

func (a *archive) End(ctx context.Context) error {
	return a.explain(a.c.query(ctx, sqlDeleteDocument, [][]byte{text(originKind), {}}, nil))
}

// transact runs do in a transaction.
func (a *archive) transact(ctx context.Context, do func() error) error {
	err := a.c.run(ctx, sqlBegin)
	if err == nil {
		if err = do(); err == nil {
			err = a.c.run(ctx, sqlCommit)
		}
		if err != nil {
			a.bins = nil
			_ = a.c.run(context.WithoutCancel(ctx), sqlRollback)
		}
	}
	return a.explain(err)
}

func (a *archive) Restore(ctx context.Context, r journal.Records) error {
	return a.transact(ctx, func() error {
		if err := a.restoreCaptures(ctx, r.Captures); err != nil {
			return err
		}
		if err := a.restoreDeliveries(ctx, r.Deliveries); err != nil {
			return err
		}
		for _, d := range r.Documents {
			if err := a.c.query(ctx, sqlPutDocument, [][]byte{text(d.Kind), text(d.Key), text(d.Doc)}, nil); err != nil {
				return err
			}
		}
		return nil
	})
}

func (a *archive) restoreCaptures(ctx context.Context, list []journal.ArchivedCapture) error {
	if len(list) == 0 {
		return nil
	}
	if err := a.loadBins(ctx); err != nil {
		return err
	}
	size, bytes := len(copyHeader), int64(0)
	for _, c := range list {
		bytes += c.Size
		if err := a.addBin(ctx, c.Bin); err != nil {
			return err
		}
		size += 64 + len(c.Head) + len(c.Body)
	}
	if err := a.partition(ctx, list, usualPartition(len(list), bytes)); err != nil {
		return err
	}
	data := append(make([]byte, 0, size), copyHeader...)
	for _, c := range list {
		data = binary.BigEndian.AppendUint16(data, 5)
		for _, value := range [][]byte{number(c.Seq), number(a.bins[c.Bin]), number(c.Size), c.Head, c.Body} {
			data = appendCopied(data, value)
		}
	}
	return a.copyIn(ctx, "captures (seq, bin, size, head, body)", data)
}

// usualPartition returns for how many captures of that size a partition is in a journal with the
// default limits.
func usualPartition(captures int, bytes int64) int64 {
	return partitionNumbers(Options{}.limits().Bytes, int64(captures), bytes, 0, 0)
}

// partition makes the partitions of the captures, each for n numbers. Where numbers are missing
// there may be none.
func (a *archive) partition(ctx context.Context, list []journal.ArchivedCapture, n int64) error {
	var row journalRow
	if err := a.c.query(ctx, sqlLock, nil, row.scan); err != nil {
		return err
	}
	for _, c := range list {
		seq := int64(c.Seq)
		if seq < row.partitioned {
			continue
		}
		low := row.partitioned
		if seq >= low+n {
			low = seq
		}
		row.partitioned = low + n
		for _, sql := range append(makePartition(low, row.partitioned), fmt.Sprintf("UPDATE journal SET partitioned = %d", row.partitioned)) {
			if err := a.c.run(ctx, sql); err != nil {
				return err
			}
		}
	}
	return nil
}

// copyHeader begins the data of COPY in binary format; copyTrailer ends it.
const (
	copyHeader  = "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	copyTrailer = "\xff\xff"
)

// appendCopied appends a value that is not null.
func appendCopied(data, value []byte) []byte {
	return append(binary.BigEndian.AppendUint32(data, uint32(len(value))), value...)
}

// copyIn inserts rows in binary format.
func (a *archive) copyIn(ctx context.Context, table string, data []byte) error {
	_, err := a.c.pg.CopyFrom(ctx, &rest{append(data, copyTrailer...)}, "COPY "+table+" FROM STDIN (FORMAT binary)")
	return err
}

// rest reads bytes.
type rest struct{ data []byte }

func (r *rest) Read(p []byte) (int, error) {
	n := copy(p, r.data)
	if r.data = r.data[n:]; n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// loadBins reads the ids of the bins, if they are not known.
func (a *archive) loadBins(ctx context.Context) error {
	if a.bins != nil {
		return nil
	}
	bins := map[string]int64{}
	err := a.c.query(ctx, "SELECT id, name FROM bins", nil, func(row [][]byte) error {
		bins[string(row[1])] = integer(row[0])
		return nil
	})
	if err == nil {
		a.bins = bins
	}
	return err
}

// addBin adds a bin without counts, unless it exists.
func (a *archive) addBin(ctx context.Context, name string) error {
	if _, found := a.bins[name]; found {
		return nil
	}
	id := int64(len(a.bins) + 1)
	const sql = "INSERT INTO bins (id, name, count, bytes, last, evicted, cleared, emptied) VALUES ($1, $2, 0, 0, 0, 0, 0, 0)"
	if err := a.c.query(ctx, sql, [][]byte{number(id), text(name)}, nil); err != nil {
		return err
	}
	a.bins[name] = id
	return nil
}

// nobody is the node of restored deliveries, so that the next node that starts adopts those that
// are pending.
const nobody = "copied"

func (a *archive) restoreDeliveries(ctx context.Context, list []journal.ArchivedDelivery) error {
	if len(list) == 0 {
		return nil
	}
	deliveries, attempts := []byte(copyHeader), []byte(copyHeader)
	for _, d := range list {
		deliveries = binary.BigEndian.AppendUint16(deliveries, 11)
		for _, value := range [][]byte{
			number(d.Seq), []byte(d.ID), []byte(d.Provider), []byte(d.Endpoint), []byte(d.Event), []byte(d.State), number(d.Next), number(d.Size), []byte(nobody), d.Record, number(len(d.Attempts)),
		} {
			deliveries = appendCopied(deliveries, value)
		}
		for _, record := range d.Attempts {
			attempts = binary.BigEndian.AppendUint16(attempts, 2)
			attempts = appendCopied(appendCopied(attempts, number(d.Seq)), record)
		}
	}
	if err := a.copyIn(ctx, "deliveries (seq, id, provider, endpoint, event, state, next, size, node, record, attempts)", deliveries); err != nil {
		return err
	}
	return a.copyIn(ctx, "attempts (delivery, record)", attempts)
}

func (a *archive) SetAccount(ctx context.Context, account journal.Account) error {
	return a.transact(ctx, func() error {
		if err := a.loadBins(ctx); err != nil {
			return err
		}
		var row journalRow
		if err := a.c.query(ctx, sqlLock, nil, row.scan); err != nil {
			return err
		}
		r := journalRow{
			seq: int64(account.Numbers.Capture), delivery: int64(account.Numbers.Delivery), change: row.change,
			partitioned:     max(row.partitioned, int64(account.Numbers.Capture)+1),
			evictedCaptures: int64(account.EvictedCaptures), evictedDeliveries: int64(account.EvictedDeliveries), forgotten: int64(account.Forgotten),
		}
		var bins []*bin
		for _, b := range account.Bins {
			if err := a.addBin(ctx, b.Name); err != nil {
				return err
			}
			made := &bin{
				id: a.bins[b.Name], count: int64(b.Count), bytes: b.Bytes, last: int64(b.Last), evicted: int64(b.Evicted), cleared: int64(b.Cleared),
			}
			if b.Count == 0 {
				r.emptied++
				r.emptyBins++
				made.emptied = r.emptied
			}
			bins = append(bins, made)
			r.bin = max(r.bin, made.id)
			r.captures += made.count
			r.captureBytes += made.bytes
			r.binBytes += binSize(b.Name)
		}
		if err := a.c.query(ctx, sqlUpdateBins, binColumnsOf(bins), nil); err != nil {
			return err
		}
		const sums = "SELECT count(*), coalesce(sum(size) FILTER (WHERE state = 'pending'), 0)::bigint, coalesce(sum(size) FILTER (WHERE state <> 'pending'), 0)::bigint, " +
			"(SELECT coalesce(sum($1::bigint + length(key) + length(doc)), 0)::bigint FROM documents WHERE kind <> '" + originKind + "') FROM deliveries"
		if err := a.c.query(ctx, sums, [][]byte{number((&journal.Document{}).Size())}, func(row [][]byte) error {
			r.deliveries, r.pendingBytes, r.finishedBytes, r.documentBytes = integer(row[0]), integer(row[1]), integer(row[2]), integer(row[3])
			return nil
		}); err != nil {
			return err
		}
		for _, m := range account.Marks {
			if err := a.c.query(ctx, "INSERT INTO marks (at, capture, delivery) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
				[][]byte{number(m.At / 1000), number(m.Capture), number(m.Delivery)}, nil); err != nil {
				return err
			}
		}
		var args [][]byte
		for _, column := range r.columns() {
			args = append(args, number(*column))
		}
		return a.c.query(ctx, sqlUpdateJournal, args, nil)
	})
}
