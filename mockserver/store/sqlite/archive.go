package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// ErrIncomplete means that the directory has a copy that was interrupted.
var ErrIncomplete = journal.ErrIncomplete

// archive is the journal of a directory, opened to be copied: see journal.Archive.
type archive struct {
	dir  string
	s    *store
	w    *writer
	bins map[string]int64 // ids by name
	log  int              // transactions since the log was emptied
}

// OpenArchive opens the journal in dir to copy it to another place. Errors wrap fs.ErrNotExist if
// there is none, and otherwise those that Open returns.
func OpenArchive(ctx context.Context, dir string) (journal.Archive, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("journal directory: %w", err)
	}
	if _, err := os.Stat(filepath.Join(dir, fileName)); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%s has no journal: %w", dir, fs.ErrNotExist)
		}
		return nil, err
	}
	return openArchive(ctx, dir)
}

// CreateArchive opens the journal in dir to copy another one to it. It creates the directory if it
// is missing. Errors wrap those of Open.
func CreateArchive(ctx context.Context, dir string) (journal.Archive, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("journal directory: %w", err)
	}
	return openArchive(ctx, dir)
}

// unlimited are limits that evict nothing.
func unlimited() journal.Limits {
	return journal.Limits{PerBin: math.MaxInt, Deliveries: math.MaxInt, Bytes: math.MaxInt64 / 2}
}

func openArchive(ctx context.Context, dir string) (*archive, error) {
	db, err := openDatabase(ctx, dir, unlimited().Bytes)
	if err != nil {
		return nil, err
	}
	s := &store{o: unlimited(), db: db, tail: newTail(dir), log: defaultLogLimits(), logger: slog.New(slog.DiscardHandler)}
	w, err := newWriter(ctx, s) // inserts what an earlier program left in the tail
	if err != nil {
		return nil, errors.Join(explain("opening "+dir, err), db.close())
	}
	return &archive{dir: dir, s: s, w: w}, nil
}

func (a *archive) Name() string { return a.dir }

func (a *archive) Close() error {
	a.w.close()
	return errors.Join(a.s.db.close(), a.s.tail.close())
}

// originKind is the kind of the document that an incomplete copy has.
const originKind = "hookrig/copy"

func (a *archive) Origin(ctx context.Context) (string, error) {
	text, err := readOrigin(ctx, a.w.conn)
	return text, explain("reading the journal", err)
}

// readOrigin returns the origin of an incomplete copy, or "".
func readOrigin(ctx context.Context, conn *sql.Conn) (string, error) {
	var text []byte
	err := conn.QueryRowContext(ctx, "SELECT doc FROM documents WHERE kind = ?", []byte(originKind)).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return string(text), err
}

// checkComplete returns an error if the journal is an incomplete copy.
func (w *writer) checkComplete(ctx context.Context) error {
	text, err := readOrigin(ctx, w.conn)
	if err == nil && text != "" {
		err = fmt.Errorf("%w: run \"hookrig copy\" again to finish it, or delete it", ErrIncomplete)
	}
	return err
}

func (a *archive) Account(ctx context.Context) (journal.Account, error) {
	w := a.w
	if err := w.load(ctx); err != nil {
		return journal.Account{}, explain("reading the journal", err)
	}
	account := journal.Account{
		Numbers:         journal.Position{Capture: w.seq, Delivery: w.deliverySeq},
		EvictedCaptures: uint64(w.counters[evictedCaptures]), EvictedDeliveries: uint64(w.counters[evictedDeliveries]), Forgotten: uint64(w.counters[forgottenSeq]),
	}
	full := make([]*bin, 0, len(w.bins))
	for _, b := range w.bins {
		if account.EvictedCaptures += b.evicted; b.count > 0 {
			full = append(full, b)
		}
	}
	slices.SortFunc(full, func(x, y *bin) int { return cmp.Compare(x.name, y.name) })
	for _, b := range append(slices.Clone(w.emptyBins), full...) {
		account.Bins = append(account.Bins, journal.ArchivedBin{
			Bin:   journal.Bin{Name: b.name, Count: b.count, Last: b.last, Evicted: b.evicted, Cleared: b.cleared},
			Bytes: b.bytes,
		})
	}
	rows, err := w.conn.QueryContext(ctx, "SELECT at, capture, delivery FROM marks ORDER BY at")
	if err == nil {
		err = each(rows, func() error {
			var m journal.Mark
			err := rows.Scan(&m.At, &m.Capture, &m.Delivery)
			account.Marks = append(account.Marks, m)
			return err
		})
	}
	return account, explain("reading the journal", err)
}

func (a *archive) Last(ctx context.Context) (p journal.Position, err error) {
	const question = "SELECT (SELECT coalesce(max(seq), 0) FROM captures), (SELECT coalesce(max(seq), 0) FROM deliveries)"
	err = a.w.conn.QueryRowContext(ctx, question).Scan(&p.Capture, &p.Delivery)
	return p, explain("reading the journal", err)
}

// query runs a query and calls do for every row. An error of do is returned as it is.
func (a *archive) query(ctx context.Context, question string, do func(*sql.Rows) error, args ...any) error {
	rows, err := a.s.db.reading.QueryContext(ctx, question, args...)
	var refused error
	if err == nil {
		err = each(rows, func() error {
			refused = do(rows)
			return refused
		})
	}
	if refused != nil {
		return refused
	}
	return explain("reading the journal", err)
}

func (a *archive) Captures(ctx context.Context, visit func(journal.ArchivedCapture) error) error {
	name := names{}
	// CROSS JOIN keeps the order of the tables, so that nothing is sorted.
	return a.query(ctx, "SELECT c.seq, b.name, c.size, c.head, c.body FROM captures c CROSS JOIN bins b ON b.id = c.bin ORDER BY c.seq", func(rows *sql.Rows) error {
		var c journal.ArchivedCapture
		var bin, head, body sql.RawBytes
		if err := rows.Scan(&c.Seq, &bin, &c.Size, &head, &body); err != nil {
			return explain("reading the journal", err)
		}
		c.Bin, c.Head, c.Body = name.of(bin), head, body
		return visit(c)
	})
}

// names are texts that are read many times.
type names map[string]string

func (n names) of(text []byte) string {
	if known, found := n[string(text)]; found {
		return known
	}
	name := string(text)
	n[name] = name
	return name
}

func (a *archive) Deliveries(ctx context.Context, visit func(journal.ArchivedDelivery) error) error {
	const question = "SELECT d.seq, d.id, d.provider, d.endpoint, d.event, d.state, d.next, d.size, d.record, a.id, a.record " +
		"FROM deliveries d LEFT JOIN attempts a ON a.delivery = d.seq ORDER BY d.seq, a.id"
	var last journal.ArchivedDelivery
	err := a.query(ctx, question, func(rows *sql.Rows) error {
		var d journal.ArchivedDelivery
		var id, provider, endpoint, event, state, attempt []byte
		var next, made sql.NullInt64
		if err := rows.Scan(&d.Seq, &id, &provider, &endpoint, &event, &state, &next, &d.Size, &d.Record, &made, &attempt); err != nil {
			return explain("reading the journal", err)
		}
		d.ID, d.Provider, d.Endpoint, d.Event, d.State, d.Next = string(id), string(provider), string(endpoint), string(event), journal.State(state), next.Int64
		var err error
		if d.Seq != last.Seq {
			if last.Seq != 0 {
				err = visit(last)
			}
			last = d
		}
		if made.Valid {
			last.Attempts = append(last.Attempts, attempt)
		}
		return err
	})
	if err == nil && last.Seq != 0 {
		err = visit(last)
	}
	return err
}

func (a *archive) Documents(ctx context.Context, visit func(journal.ArchivedDocument) error) error {
	return a.query(ctx, "SELECT kind, key, doc FROM documents WHERE kind <> ? ORDER BY kind, key", func(rows *sql.Rows) error {
		var kind, key, doc []byte
		if err := rows.Scan(&kind, &key, &doc); err != nil {
			return explain("reading the journal", err)
		}
		return visit(journal.ArchivedDocument{Kind: string(kind), Document: journal.Document{Key: string(key), Doc: doc}})
	}, []byte(originKind))
}

func (a *archive) Begin(ctx context.Context, origin string) error {
	return a.transact(ctx, func(conn *sql.Conn) error {
		var used bool
		const question = `SELECT EXISTS (SELECT 1 FROM bins) OR EXISTS (SELECT 1 FROM captures) OR EXISTS (SELECT 1 FROM deliveries) OR EXISTS (SELECT 1 FROM documents)
			OR EXISTS (SELECT 1 FROM counters WHERE value <> 0)`
		if err := conn.QueryRowContext(ctx, question).Scan(&used); err != nil {
			return err
		}
		if used {
			return fmt.Errorf("%s has other data: choose another folder, or delete it first: %w", a.dir, journal.ErrExists)
		}
		_, err := conn.ExecContext(ctx, "INSERT INTO documents (kind, key, doc) VALUES (?, ?, ?)", []byte(originKind), []byte{}, []byte(origin))
		return err
	})
}

func (a *archive) End(ctx context.Context) error {
	err := a.transact(ctx, func(conn *sql.Conn) error {
		_, err := conn.ExecContext(ctx, "DELETE FROM documents WHERE kind = ?", []byte(originKind))
		return err
	})
	if err == nil {
		a.s.db.mark.set(a.w.seq, a.w.deliverySeq)
	}
	return err
}

// transact runs do in a transaction.
func (a *archive) transact(ctx context.Context, do func(*sql.Conn) error) error {
	conn := a.w.conn
	_, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE")
	if err == nil {
		err = do(conn)
		if err == nil {
			_, err = conn.ExecContext(ctx, "COMMIT")
		}
		if err != nil {
			a.bins = nil
			_, _ = conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		}
	}
	if errors.Is(err, journal.ErrExists) {
		return err
	}
	return explain("writing to the journal", err)
}

// Restore commits the records, and from time to time copies the log into the file.
func (a *archive) Restore(ctx context.Context, r journal.Records) error {
	if err := a.transact(ctx, func(conn *sql.Conn) error {
		if err := a.restoreCaptures(ctx, conn, r.Captures); err != nil {
			return err
		}
		if err := restoreDeliveries(ctx, conn, r.Deliveries); err != nil {
			return err
		}
		for _, d := range r.Documents {
			if _, err := a.w.stmts.putDocument.ExecContext(ctx, []byte(d.Kind), []byte(d.Key), []byte(d.Doc)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	const transactions = 16
	if a.log++; a.log < transactions {
		return nil
	}
	a.log = 0
	_, err := a.w.conn.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	return explain("writing to the journal", err)
}

func (a *archive) restoreCaptures(ctx context.Context, conn *sql.Conn, list []journal.ArchivedCapture) error {
	if err := a.loadBins(ctx, conn); err != nil {
		return err
	}
	for i := 0; i < len(list); {
		n := 1
		if len(list)-i >= insertRows {
			n = insertRows
		}
		args := make([]any, 0, n*captureColumns)
		for _, c := range list[i : i+n] {
			id, err := a.bin(ctx, c.Bin)
			if err != nil {
				return err
			}
			args = append(args, int64(c.Seq), id, c.Size, c.Head, c.Body)
		}
		const insert, row = "INSERT INTO captures (seq, bin, size, head, body) VALUES ", "(?, ?, ?, ?, ?)"
		if _, err := conn.ExecContext(ctx, insert+row+strings.Repeat(", "+row, n-1), args...); err != nil {
			return err
		}
		i += n
	}
	return nil
}

// loadBins reads the ids of the bins, if they are not known.
func (a *archive) loadBins(ctx context.Context, conn *sql.Conn) error {
	if a.bins != nil {
		return nil
	}
	bins := map[string]int64{}
	rows, err := conn.QueryContext(ctx, "SELECT id, name FROM bins")
	if err == nil {
		err = each(rows, func() error {
			var id int64
			var name []byte
			err := rows.Scan(&id, &name)
			bins[string(name)] = id
			return err
		})
	}
	if err == nil {
		a.bins = bins
	}
	return err
}

// bin returns the id of a bin. It creates the bin if it is missing.
func (a *archive) bin(ctx context.Context, name string) (int64, error) {
	if id, found := a.bins[name]; found {
		return id, nil
	}
	var id int64
	err := a.w.stmts.insertBin.QueryRowContext(ctx, []byte(name)).Scan(&id)
	if err == nil {
		a.bins[name] = id
	}
	return id, err
}

func restoreDeliveries(ctx context.Context, conn *sql.Conn, list []journal.ArchivedDelivery) error {
	const insert = "INSERT INTO deliveries (seq, id, provider, endpoint, event, state, next, record, size) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
	for _, d := range list {
		next := sql.NullInt64{Int64: d.Next, Valid: d.Next != 0}
		if _, err := conn.ExecContext(ctx, insert, int64(d.Seq), []byte(d.ID), []byte(d.Provider), []byte(d.Endpoint), []byte(d.Event), []byte(d.State),
			next, d.Record, d.Size); err != nil {
			return err
		}
		for _, record := range d.Attempts {
			if _, err := conn.ExecContext(ctx, "INSERT INTO attempts (delivery, record) VALUES (?, ?)", int64(d.Seq), record); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *archive) SetAccount(ctx context.Context, account journal.Account) error {
	err := a.transact(ctx, func(conn *sql.Conn) error {
		if err := a.loadBins(ctx, conn); err != nil {
			return err
		}
		forgotten := int64(account.EvictedCaptures)
		for _, b := range account.Bins {
			forgotten -= int64(b.Evicted)
			id, err := a.bin(ctx, b.Name)
			if err != nil {
				return err
			}
			if _, err := a.w.stmts.updateBin.ExecContext(ctx, b.Count, b.Bytes, int64(b.Last), int64(b.Evicted), int64(b.Cleared), id); err != nil {
				return err
			}
		}
		for _, m := range account.Marks {
			if _, err := conn.ExecContext(ctx, "INSERT OR REPLACE INTO marks (at, capture, delivery) VALUES (?, ?, ?)", m.At, int64(m.Capture), int64(m.Delivery)); err != nil {
				return err
			}
		}
		var pending, finished, documents int64
		const sums = `SELECT coalesce(sum(size) FILTER (WHERE state = ?1), 0), coalesce(sum(size) FILTER (WHERE state <> ?1), 0),
			(SELECT coalesce(sum(?2 + length(key) + length(doc)), 0) FROM documents WHERE kind <> ?3) FROM deliveries`
		if err := conn.QueryRowContext(ctx, sums, []byte(journal.Pending), (&journal.Document{}).Size(), []byte(originKind)).Scan(&pending, &finished, &documents); err != nil {
			return err
		}
		for name, value := range map[string]int64{
			evictedCaptures: forgotten, evictedDeliveries: int64(account.EvictedDeliveries), forgottenSeq: int64(account.Forgotten),
			lastSeq: int64(account.Numbers.Capture), lastDelivery: int64(account.Numbers.Delivery),
			pendingBytes: pending, finishedBytes: finished, documentBytes: documents,
		} {
			if _, err := a.w.stmts.setCounter.ExecContext(ctx, name, value); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return explain("reading the journal", a.w.load(ctx))
}
