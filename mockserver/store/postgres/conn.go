package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"
)

// conn is a connection with its prepared statements. One goroutine at a time uses it.
type conn struct {
	pg       *pgconn.PgConn
	prepared map[string]*pgconn.StatementDescription // by text
}

// connect opens a connection and makes the settings of its session.
func connect(ctx context.Context, config *pgconn.Config) (*conn, error) {
	start, settings := startup(config)
	pg, err := pgconn.ConnectConfig(ctx, start)
	if err != nil {
		return nil, err
	}
	c := &conn{pg: pg, prepared: map[string]*pgconn.StatementDescription{}}
	setting, cancel := context.WithTimeout(ctx, config.ConnectTimeout)
	defer cancel()
	if err := c.set(setting, settings); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// usable reports whether the connection is open and outside of a transaction.
func (c *conn) usable() bool { return !c.pg.IsClosed() && c.pg.TxStatus() == 'I' }

// close closes the connection without waiting for the server.
func (c *conn) close() {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	_ = c.pg.Close(ended)
	<-c.pg.CleanupDone()
}

// maxPrepared bounds the statements of a connection.
const maxPrepared = 200

// prepare returns the prepared statement with that text.
func (c *conn) prepare(ctx context.Context, sql string) (*pgconn.StatementDescription, error) {
	if statement := c.prepared[sql]; statement != nil {
		return statement, nil
	}
	if len(c.prepared) >= maxPrepared {
		if err := c.run(ctx, "DEALLOCATE ALL"); err != nil {
			return nil, err
		}
		clear(c.prepared)
	}
	statement, err := c.pg.Prepare(ctx, "s"+strconv.Itoa(len(c.prepared)), sql, nil)
	if err != nil {
		return nil, fmt.Errorf("%w in %q", err, sql)
	}
	c.prepared[sql] = statement
	return statement, nil
}

// run runs statements without parameters, and ignores their rows.
func (c *conn) run(ctx context.Context, sql string) error { return c.pg.Exec(ctx, sql).Close() }

// binaryFormat is the format of all parameters and columns.
func binaryFormat() []int16 { return []int16{pgBinary} }

const pgBinary = 1

// query runs one statement and calls each with every row. The values are valid until each returns.
// An error of each is returned as it is, after the other rows were discarded.
func (c *conn) query(ctx context.Context, sql string, args [][]byte, each func(row [][]byte) error) error {
	statement, err := c.prepare(ctx, sql)
	if err != nil {
		return err
	}
	return drain(c.pg.ExecStatement(ctx, statement, args, binaryFormat(), binaryFormat()), each)
}

// drain reads all rows of a result.
func drain(rows *pgconn.ResultReader, each func(row [][]byte) error) error {
	var refused error
	for rows.NextRow() {
		if refused == nil && each != nil {
			refused = each(rows.Values())
		}
	}
	if _, err := rows.Close(); err != nil {
		return err
	}
	return refused
}

// batch sends several statements at once, in a transaction, and reads their results in order.
type batch struct {
	c        *conn
	pipeline *pgconn.Pipeline
	waiting  []func(row [][]byte) error // for the rows of the statements that were added, or nil
	err      error                      // of a statement that could not be added
}

// start begins a batch. Prepare all its statements before.
func (c *conn) start(ctx context.Context) *batch {
	return &batch{c: c, pipeline: c.pg.StartPipeline(ctx)}
}

// add adds a statement, which the next run sends. each, if it is not nil, gets the rows.
func (b *batch) add(sql string, args [][]byte, each func(row [][]byte) error) {
	statement := b.c.prepared[sql]
	if statement == nil {
		b.err = fmt.Errorf("%q is not prepared", sql)
		return
	}
	b.pipeline.SendQueryStatement(statement, args, binaryFormat(), binaryFormat())
	b.waiting = append(b.waiting, each)
}

// addOnce adds a statement that is not prepared.
func (b *batch) addOnce(sql string) {
	b.pipeline.SendQueryParams(sql, nil, nil, nil, nil)
	b.waiting = append(b.waiting, nil)
}

// run sends the statements and reads their results. After an error the connection must be closed.
func (b *batch) run() error {
	if b.err != nil {
		return b.err
	}
	b.pipeline.SendFlushRequest()
	if err := b.pipeline.Flush(); err != nil {
		return err
	}
	return b.read()
}

func (b *batch) read() error {
	for _, each := range b.waiting {
		result, err := b.pipeline.GetResults()
		if err != nil {
			return err
		}
		rows, ok := result.(*pgconn.ResultReader)
		if !ok {
			return errNoResult
		}
		if err := drain(rows, each); err != nil {
			return err
		}
	}
	b.waiting = b.waiting[:0]
	return nil
}

// errNoResult means that the server sent fewer results than statements.
var errNoResult = errors.New("a result is missing")

// end runs the rest and ends the batch.
func (b *batch) end() error {
	if b.err != nil {
		return b.err
	}
	if err := b.pipeline.Sync(); err != nil {
		return err
	}
	if err := b.read(); err != nil {
		return err
	}
	if _, err := b.pipeline.GetResults(); err != nil { // of the Sync
		return err
	}
	return b.pipeline.Close()
}

// prepareAll prepares statements in one exchange.
func (c *conn) prepareAll(ctx context.Context, statements []string) error {
	pipeline := c.pg.StartPipeline(ctx)
	for i, sql := range statements {
		pipeline.SendPrepare("s"+strconv.Itoa(i), sql, nil)
	}
	if err := pipeline.Sync(); err != nil {
		return err
	}
	for i, sql := range statements {
		result, err := pipeline.GetResults()
		if err != nil {
			return fmt.Errorf("%w in %q", err, sql)
		}
		statement, ok := result.(*pgconn.StatementDescription)
		if !ok {
			return errNoResult
		}
		statement.Name = "s" + strconv.Itoa(i)
		c.prepared[sql] = statement
	}
	if _, err := pipeline.GetResults(); err != nil { // of the Sync
		return err
	}
	return pipeline.Close()
}
