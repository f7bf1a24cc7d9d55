package postgres

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
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
