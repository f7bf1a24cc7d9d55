package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strings"
)

// statements are the writer's prepared statements.
type statements struct {
	all                                                         []*sql.Stmt // closed at the end
	insertOne, insertMany                                       driver.StmtExecContext
	begin, commit, rollback                                     *sql.Stmt
	logged, checkpoint                                          *sql.Stmt
	insertBin, updateBin                                        *sql.Stmt
	oldestOfBin, oldestOfAll, deleteOfBin, deleteOf, deleteOne  *sql.Stmt
	selectHead, updateHead                                      *sql.Stmt
	insertDelivery, updateDelivery, findDelivery, insertAttempt *sql.Stmt
	oldestDelivery, deleteDelivery, deleteAttempts, setCounter  *sql.Stmt
	deleteBin, insertMark, oldMark, deleteMarks                 *sql.Stmt
	putDocument, deleteDocument, documentSize                   *sql.Stmt
	insertTextIndex, deleteTextIndex, insertSlice, deleteSlices *sql.Stmt
}

// captureColumns is the number of columns of a capture's row.
const captureColumns = 5

// prepare fills stmts. Captures are inserted with the driver's statements, because database/sql
// would copy every value.
func (w *writer) prepare(ctx context.Context) error {
	const insert, row = "INSERT INTO captures (seq, bin, size, head, body) VALUES ", "(?, ?, ?, ?, ?)"
	err := w.conn.Raw(func(c any) error {
		for stmt, text := range map[*driver.StmtExecContext]string{
			&w.stmts.insertOne:  insert + row,
			&w.stmts.insertMany: insert + row + strings.Repeat(", "+row, insertRows-1),
		} {
			prepared, err := c.(driver.ConnPrepareContext).PrepareContext(ctx, text)
			if err != nil {
				return err
			}
			*stmt = prepared.(driver.StmtExecContext)
		}
		return nil
	})
	if err != nil {
		return err
	}
	t := &w.stmts
	for stmt, text := range map[**sql.Stmt]string{
		&t.begin:      "BEGIN IMMEDIATE",
		&t.commit:     "COMMIT",
		&t.rollback:   "ROLLBACK",
		&t.logged:     "PRAGMA wal_checkpoint(NOOP)",
		&t.checkpoint: "PRAGMA wal_checkpoint(PASSIVE)",

		&t.insertBin: "INSERT INTO bins (name) VALUES (?) RETURNING id",
		&t.updateBin: "UPDATE bins SET count = ?, bytes = ?, last = ?, evicted = ?, cleared = ? WHERE id = ?",

		&t.oldestOfBin: "SELECT seq, size FROM captures WHERE bin = ? AND seq <= ? ORDER BY seq LIMIT ?",
		&t.oldestOfAll: "SELECT seq, size, bin FROM captures WHERE seq <= ? ORDER BY seq LIMIT ?",
		&t.deleteOfBin: "DELETE FROM captures WHERE bin = ? AND seq <= ?",
		&t.deleteOf:    "DELETE FROM captures WHERE seq <= ?",
		&t.deleteOne:   "DELETE FROM captures WHERE seq = ? RETURNING bin, size",

		&t.insertTextIndex: "INSERT OR REPLACE INTO sieves (segment, slices) VALUES (?, ?)",
		&t.deleteTextIndex: "DELETE FROM sieves WHERE segment = ?",
		&t.insertSlice:     "INSERT INTO slices (id, rows) VALUES (?, ?)",
		&t.deleteSlices:    "DELETE FROM slices WHERE id >= ? AND id < ?",

		&t.selectHead: "SELECT head, length(body), size, bin FROM captures WHERE seq = ?",
		&t.updateHead: "UPDATE captures SET head = ?, size = ? WHERE seq = ?",

		&t.deleteBin:   "DELETE FROM bins WHERE id = ?",
		&t.insertMark:  "INSERT OR REPLACE INTO marks (at, capture, delivery) SELECT ?1, ?2, ?3 WHERE NOT EXISTS (SELECT 1 FROM marks WHERE capture >= ?2 AND delivery >= ?3)",
		&t.oldMark:     "SELECT max(at), max(capture), max(delivery) FROM marks WHERE at <= ?",
		&t.deleteMarks: "DELETE FROM marks WHERE at <= ? AND at < (SELECT max(at) FROM marks)",

		&t.findDelivery:   "SELECT seq, state, size FROM deliveries WHERE id = ?",
		&t.insertDelivery: "INSERT INTO deliveries (seq, id, provider, endpoint, event, state, next, record, size) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		&t.updateDelivery: "UPDATE deliveries SET state = ?, next = ?, size = ? WHERE seq = ?",
		&t.insertAttempt:  "INSERT INTO attempts (delivery, record) VALUES (?, ?)",
		&t.oldestDelivery: "SELECT seq, id, size FROM deliveries WHERE state <> ? AND seq <= ? ORDER BY seq LIMIT 1",
		&t.deleteAttempts: "DELETE FROM attempts WHERE delivery = ?",
		&t.deleteDelivery: "DELETE FROM deliveries WHERE seq = ?",
		&t.setCounter:     "INSERT INTO counters (name, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2",

		&t.putDocument:    "INSERT INTO documents (kind, key, doc) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET doc = ?3",
		&t.documentSize:   "SELECT length(doc) FROM documents WHERE kind = ? AND key = ?",
		&t.deleteDocument: "DELETE FROM documents WHERE kind = ? AND key = ?",
	} {
		prepared, err := w.conn.PrepareContext(ctx, text)
		if err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
		*stmt = prepared
		t.all = append(t.all, prepared)
	}
	return nil
}
