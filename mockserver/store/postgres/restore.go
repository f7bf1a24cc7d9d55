package postgres

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

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
	_, err := a.c.pg.CopyFrom(ctx, bytes.NewReader(append(data, copyTrailer...)), "COPY "+table+" FROM STDIN (FORMAT binary)")
	return err
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
