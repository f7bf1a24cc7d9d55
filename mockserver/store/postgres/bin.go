package postgres

import (
	"math"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// bin is a row of bins.
type bin struct {
	id                                   int64
	name                                 string
	count, bytes, last, evicted, cleared int64
	emptied                              int64 // see schema
	touched, made                        bool  // it is in tx.dirtyBins; it is not in the table yet
}

func binSize(name string) int64 { return int64((&journal.Bin{Name: name}).Size()) }

// addBins adds a query for bins by name.
func (t *tx) addBins(names []string) {
	list := missing(t.bins, names)
	if len(list) == 0 {
		return
	}
	for _, name := range list {
		t.bins[name] = nil
	}
	t.batch.add(sqlBins, [][]byte{texts(list)}, t.scanBin)
}

// scanBin keeps a row of bins, unless it is known already.
func (t *tx) scanBin(row [][]byte) error {
	b := &bin{id: integer(row[0]), name: string(row[1])}
	if t.byID[b.id] != nil {
		return nil
	}
	for i, column := range []*int64{&b.count, &b.bytes, &b.last, &b.evicted, &b.cleared, &b.emptied} {
		*column = integer(row[2+i])
	}
	t.bins[b.name], t.byID[b.id] = b, b
	return nil
}

// bin returns the bin with that name, or nil.
func (t *tx) bin(name string) (*bin, error) {
	if _, known := t.bins[name]; !known {
		t.addBins([]string{name})
		if err := t.flush(); err != nil {
			return nil, err
		}
	}
	return t.bins[name], nil
}

// loadBins loads bins by their ids.
func (t *tx) loadBins(ids []int64) error {
	a := newArray(typeInt8, 12*len(ids))
	asked := map[int64]bool{}
	for _, id := range ids {
		if t.byID[id] == nil && !asked[id] {
			asked[id] = true
			a.addNumber(id)
		}
	}
	if len(asked) == 0 {
		return nil
	}
	t.batch.add(sqlBinsByID, [][]byte{a.data}, t.scanBin)
	if err := t.flush(); err != nil {
		return err
	}
	for id := range asked {
		if t.byID[id] == nil {
			return errCorrupt
		}
	}
	return nil
}

// makeBin adds a bin without captures.
func (t *tx) makeBin(name string) *bin {
	t.row.bin++
	b := &bin{id: t.row.bin, name: clone(name), made: true}
	t.bins[b.name], t.byID[b.id] = b, b
	t.row.binBytes += binSize(name)
	t.touch(b)
	return b
}

// touch marks a bin's row to be written.
func (t *tx) touch(b *bin) {
	t.changed = true
	if !b.touched {
		b.touched = true
		t.dirtyBins = append(t.dirtyBins, b)
	}
}

// addDirtyBins adds the statements that write the changed bins.
func (t *tx) addDirtyBins() {
	var made, changed []*bin
	for _, b := range t.dirtyBins {
		b.touched = false
		switch {
		case t.byID[b.id] != b: // it was deleted
		case b.made:
			b.made = false
			made = append(made, b)
		default:
			changed = append(changed, b)
		}
	}
	t.dirtyBins = t.dirtyBins[:0]
	if len(made) > 0 {
		names := newArray(typeBytea, 0)
		for _, b := range made {
			names.addBytes([]byte(b.name))
		}
		columns := binColumnsOf(made)
		t.batch.add(sqlInsertBins, append([][]byte{columns[0], names.data}, columns[1:]...), nil)
	}
	if len(changed) > 0 {
		t.batch.add(sqlUpdateBins, binColumnsOf(changed), nil)
	}
}

// binColumnsOf returns the columns of bins, without their names.
func binColumnsOf(bins []*bin) [][]byte {
	var columns [7]*array
	for i := range columns {
		columns[i] = newArray(typeInt8, 12*len(bins))
	}
	for _, b := range bins {
		for i, value := range []int64{b.id, b.count, b.bytes, b.last, b.evicted, b.cleared, b.emptied} {
			columns[i].addNumber(value)
		}
	}
	data := make([][]byte, len(columns))
	for i, c := range columns {
		data[i] = c.data
	}
	return data
}

// evictAtOnce is how many captures one statement deletes at most.
const evictAtOnce = 10_000

// retain evicts the oldest captures of the changed bins that are over their limit, and then
// whatever is over the limit of bytes.
func (t *tx) retain() error {
	for _, b := range append([]*bin{}, t.dirtyBins...) {
		for b.count > int64(t.o.PerBin) {
			n, err := t.dropOldest(b, b.last, min(int(b.count)-t.o.PerBin, evictAtOnce), journal.CapturesEvicted)
			if err != nil {
				return err
			}
			if n == 0 {
				return errCorrupt
			}
			b.evicted += int64(n)
			t.row.evictedCaptures += int64(n)
		}
	}
	return t.makeRoom()
}

// makeRoom evicts until all bytes fit or nothing is left to evict. It takes the oldest captures or
// the oldest deliveries that are not pending, whichever have more bytes.
func (t *tx) makeRoom() error {
	for t.row.all() > t.o.Bytes && (t.row.captureBytes > 0 || t.row.finishedBytes > 0) {
		if t.row.captureBytes < t.row.finishedBytes {
			found, err := t.evictDelivery(math.MaxInt64)
			if err != nil {
				return err
			}
			if !found {
				return errCorrupt
			}
			continue
		}
		n, err := t.dropOldestOfAll(uint64(t.row.seq), func() int64 {
			return min(t.row.all()-t.o.Bytes, t.row.captureBytes-t.row.finishedBytes+1)
		})
		if err != nil {
			return err
		}
		if n == 0 {
			return errCorrupt
		}
	}
	return nil
}

// dropOldest deletes at most n captures of a bin, oldest first, up to the number last. It returns
// how many it deleted.
func (t *tx) dropOldest(b *bin, last int64, n int, kind journal.ChangeKind) (int, error) {
	count, bytes, upTo := 0, int64(0), int64(0)
	t.addFlush()
	t.batch.add(sqlOldestOfBin, [][]byte{number(b.id), number(last), number(n), number(t.row.floor)}, func(row [][]byte) error {
		upTo = integer(row[0])
		bytes += integer(row[1])
		count++
		return nil
	})
	if err := t.batch.run(); err != nil || count == 0 {
		return 0, err
	}
	t.batch.add(sqlDeleteOfBin, [][]byte{number(b.id), number(upTo), number(t.row.floor)}, nil)
	clear(t.captures)
	t.touch(b)
	b.count -= int64(count)
	b.bytes -= bytes
	t.row.captures -= int64(count)
	t.row.captureBytes -= bytes
	t.note(journal.Change{Kind: kind, Bin: b.name, Seq: uint64(upTo)})
	return count, t.noteEmpty(b)
}

// dropOldestOfAll evicts captures of all bins, oldest first, up to the number last, until they have
// as many bytes as need returns. It returns how many it evicted, about evictAtOnce at most. Their
// rows stay: see partition.go.
func (t *tx) dropOldestOfAll(last uint64, need func() int64) (int, error) {
	type part struct{ bin, count, bytes, upTo int64 }
	count := 0
	for portion := 256; count < evictAtOnce && need() > 0; portion *= 4 {
		var parts []part
		var ids []int64
		t.addFlush()
		t.batch.add(sqlOldestOfAll, [][]byte{number(t.row.floor), number(last), number(min(portion, evictAtOnce)), number(need())}, func(row [][]byte) error {
			parts = append(parts, part{integer(row[0]), integer(row[1]), integer(row[2]), integer(row[3])})
			ids = append(ids, integer(row[0]))
			return nil
		})
		if err := t.batch.run(); err != nil {
			return count, err
		}
		if err := t.loadBins(ids); err != nil || len(parts) == 0 {
			return count, err
		}
		for _, p := range parts {
			b := t.byID[p.bin]
			t.touch(b)
			b.count -= p.count
			b.bytes -= p.bytes
			b.evicted += p.count
			t.row.captures -= p.count
			t.row.captureBytes -= p.bytes
			t.row.evictedCaptures += p.count
			t.row.floor = max(t.row.floor, p.upTo)
			t.note(journal.Change{Kind: journal.CapturesEvicted, Bin: b.name, Seq: uint64(p.upTo)})
			count += int(p.count)
		}
		clear(t.captures)
		for _, p := range parts {
			if err := t.noteEmpty(t.byID[p.bin]); err != nil {
				return count, err
			}
		}
	}
	return count, nil
}

// drop deletes captures by their numbers and returns how many existed.
func (t *tx) drop(seqs []uint64) (int, error) {
	type capture struct{ seq, bin, size int64 }
	var found []capture
	var ids []int64
	t.addFlush()
	t.batch.add(sqlDeleteCaptures, [][]byte{numbers(seqs), number(t.row.floor)}, func(row [][]byte) error {
		found = append(found, capture{integer(row[0]), integer(row[1]), integer(row[2])})
		ids = append(ids, integer(row[1]))
		return nil
	})
	if err := t.batch.run(); err != nil {
		return 0, err
	}
	if err := t.loadBins(ids); err != nil {
		return 0, err
	}
	clear(t.captures)
	for _, c := range found {
		b := t.byID[c.bin]
		t.touch(b)
		b.count--
		b.bytes -= c.size
		b.cleared++
		t.row.captures--
		t.row.captureBytes -= c.size
		t.note(journal.Change{Kind: journal.CaptureDeleted, Bin: b.name, Seq: uint64(c.seq)})
		if err := t.noteEmpty(b); err != nil {
			return 0, err
		}
	}
	return len(found), nil
}

// noteEmpty records that a bin may be empty. It deletes the bins that became empty first if there
// are too many.
func (t *tx) noteEmpty(b *bin) error {
	if b.count > 0 || b.emptied > 0 {
		return nil
	}
	t.row.emptied++
	t.row.emptyBins++
	b.emptied = t.row.emptied
	t.touch(b)
	for t.row.emptyBins > int64(t.o.EmptyBins()) {
		var id int64
		t.addFlush()
		t.batch.add(sqlFirstEmptied, nil, func(row [][]byte) error {
			id = integer(row[0])
			return t.scanBin(row)
		})
		if err := t.batch.run(); err != nil {
			return err
		}
		first := t.byID[id]
		if first == nil {
			return errCorrupt
		}
		t.batch.add(sqlDeleteBin, [][]byte{number(first.id)}, nil)
		t.bins[first.name] = nil
		delete(t.byID, first.id)
		t.row.emptyBins--
		t.row.binBytes -= binSize(first.name)
		if first.evicted > 0 {
			t.row.forgotten = max(t.row.forgotten, first.last)
		}
	}
	return nil
}
