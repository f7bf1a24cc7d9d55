package sqlite

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// A transaction of SQLite writes several pages, whatever it inserts, and takes longer than its
// fsync. So when captures arrive together, the writer appends them to this file, which is one write
// and one fsync, and answers their senders. They are inserted later, many at a time, while more are
// appended: at the latest before the writer does anything else, and before anybody reads. So nobody
// sees that they are not there yet. A capture that arrives alone is inserted directly.
//
// The file has two halves: the captures of one are inserted while the other is filled. A half is a
// sequence of batches. A batch is a header and its captures, whose parts are preceded by their
// lengths:
//
//	magic, checksum of all that follows (CRC-32C), length of the captures, number of captures, number of the first one
//	bin, size, head, body
//
// What follows the last batch of a half is older. It is recognised by its numbers, or by a wrong
// checksum.
const tailName = "journal.tail"

const (
	tailMagic  = 0x6c696174 // "tail"
	tailHeader = 4 + 4 + 4 + 4 + 8

	// captures and bytes after which a half is inserted
	tailRows  = 256
	tailBytes = 1 << 20
	tailHalf  = 2 * tailBytes // of the file: the last batch goes beyond tailBytes
	// tailRest is the usual keep.
	tailRest = 20 * time.Millisecond
	// minTailed is the smallest limit of bytes of a store with a tail.
	minTailed = 64 << 20
	// maxKnown bounds the names of bins that the tail knows.
	maxKnown = 10_000
)

// tail stores captures in journal.tail until they are in journal.db. The writer's goroutine uses
// it, also while another one inserts: see writer.insertTail.
type tail struct {
	path   string
	file   *os.File  // nil: not open
	unused time.Time // it is not used until then, because it could not be written
	half   int64     // of the file, 0 or 1, that is being filled
	image  []byte    // the batches in this half
	rows   []row     // their captures
	fresh  []row     // of the batch that is being appended; its memory is reused
	rest   *time.Timer
	keep   time.Duration // how long captures stay here when nothing happens

	// These are what the writer had when the tail last followed it.
	ready  bool              // the database is in order, and has room
	seq    uint64            // the last capture
	room   int64             // bytes that may be appended without asking what to evict
	atOnce int               // bytes of a batch at most
	bins   map[string]string // names of bins that exist, or did

	outside atomic.Int64 // captures that are not in the database, for readers
}

// row is a capture that has a number.
type row struct {
	seq        uint64
	bin        string
	size       int
	head, body []byte
}

func newTail(dir string) *tail {
	t := &tail{path: filepath.Join(dir, tailName), rest: time.NewTimer(time.Hour), keep: tailRest, bins: map[string]string{}}
	t.rest.Stop()
	return t
}

// open creates the file with its full length, so that an append changes nothing but its content.
func (t *tail) open() error {
	if t.file != nil {
		return nil
	}
	file, err := os.OpenFile(t.path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if _, err = file.Write(make([]byte, 2*tailHalf)); err == nil {
		err = errors.Join(file.Sync(), syncDirs(filepath.Dir(t.path)))
	}
	if err != nil {
		return errors.Join(err, file.Close(), os.Remove(t.path))
	}
	t.file = file
	return nil
}

// follow takes over the state of the writer, which nothing else uses now.
func (t *tail) follow(w *writer) {
	t.ready = !w.stale && !w.nearlyFull && len(w.pending) == 0 && w.s.o.Bytes >= minTailed && !w.s.db.reserve.nearlyFull()
	t.room = w.s.o.Bytes/2 - w.bytes.fixed()
	if !w.stale {
		t.seq = max(t.seq, w.seq)
	}
	t.atOnce = int(min(batchBytes, max(1<<20, w.s.o.Bytes/32)))
	if w.nearlyFull {
		t.atOnce = int(min(int64(t.atOnce), w.s.db.reserve.size/4))
	}
}

// know adds the bins of captures that were inserted.
func (t *tail) know(batch []*request) {
	for _, r := range batch {
		if r.operation == nil && r.err == nil && t.bins[r.bin] == "" {
			if len(t.bins) >= maxKnown {
				clear(t.bins)
			}
			name := strings.Clone(r.bin) // it shares the memory of a whole request head
			t.bins[name] = name
		}
	}
}

// add appends the batch to the file and numbers its captures. It returns false if the batch does
// not belong into the tail, or cannot be written: nothing has changed then.
func (t *tail) add(batch []*request) bool {
	if !t.ready || !t.fits(batch) || time.Now().Before(t.unused) {
		return false
	}
	t.fresh = t.fresh[:0]
	room := t.room
	for _, r := range batch {
		bin, known := t.bins[r.bin]
		if !known {
			return false
		}
		room -= int64(r.size)
		t.fresh = append(t.fresh, row{t.seq + 1 + uint64(len(t.fresh)), bin, r.size, r.head, r.body})
	}
	if room < 0 || t.append(t.fresh) != nil {
		return false
	}
	for i, r := range batch {
		r.seq = t.fresh[i].seq
	}
	t.seq, t.room = batch[len(batch)-1].seq, room
	return true
}

// fits reports whether a batch has only captures, which arrived together or soon after others, and
// is not too large for the file.
func (t *tail) fits(batch []*request) bool {
	if len(batch) == 0 || len(batch) == 1 && t.outside.Load() == 0 {
		return false
	}
	size := len(t.image) + tailHeader
	for _, r := range batch {
		if r.operation != nil {
			return false
		}
		size += len(r.bin) + len(r.head) + len(r.body) + 4*binary.MaxVarintLen64
	}
	return size <= tailHalf
}

// append writes rows and returns when they are durable. After an error they are not in the tail,
// which is not used for a while: the disk may be full.
func (t *tail) append(rows []row) error {
	start := len(t.image)
	t.image = appendBatch(t.image, rows)
	err := t.open()
	if err == nil {
		_, err = t.file.WriteAt(t.image[start:], t.half*tailHalf+int64(start))
	}
	if err == nil {
		err = syncData(t.file)
	}
	if err != nil {
		t.image, t.unused = t.image[:start], time.Now().Add(10*time.Second)
		return err
	}
	t.rows = append(t.rows, rows...)
	t.outside.Add(int64(len(rows)))
	t.rest.Reset(t.keep)
	return nil
}

// full reports whether the half is to be inserted now.
func (t *tail) full() bool { return len(t.rows) >= tailRows || len(t.image) >= tailBytes }

// take returns the captures of the half and turns to the other one, whose captures must have been
// inserted. Their memory is that of spare, which is reused for later ones.
func (t *tail) take(spare half) half {
	taken := half{t.rows, t.image}
	clear(spare.rows)
	t.rows, t.image = spare.rows[:0], spare.image[:0]
	t.half = 1 - t.half
	t.rest.Stop()
	return taken
}

// half is the memory of one half of the tail.
type half struct {
	rows  []row
	image []byte
}

// recover returns the captures that an earlier program left in the file, from the number after
// last.
func (t *tail) recover(last uint64) ([]row, error) {
	image, err := os.ReadFile(t.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, part := range [][]byte{image[:min(len(image), tailHalf)], image[min(len(image), tailHalf):]} {
		rows = append(rows, readHalf(part)...)
	}
	slices.SortFunc(rows, func(a, b row) int { return cmp.Compare(a.seq, b.seq) })
	rows = slices.DeleteFunc(rows, func(r row) bool { return r.seq <= last })
	t.outside.Store(int64(len(rows)))
	return rows, nil
}

// readHalf returns the captures at the start of a half, up to what is no batch.
func readHalf(image []byte) []row {
	var rows []row
	for {
		more, n := readBatch(image, rows)
		if n == 0 {
			return rows
		}
		rows, image = more, image[n:]
	}
}

// close removes the file if the database has all captures.
func (t *tail) close() error {
	var errs []error
	t.rest.Stop()
	if t.file != nil {
		errs = append(errs, t.file.Close())
		t.file = nil
	}
	if t.outside.Load() == 0 {
		if err := os.Remove(t.path); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// appendBatch appends a batch to dst. The heads and bodies of rows are then those in dst.
func appendBatch(dst []byte, rows []row) []byte {
	start := len(dst)
	dst = append(dst, make([]byte, tailHeader)...)
	for i := range rows {
		r := &rows[i]
		dst = appendPart(dst, r.bin)
		dst = binary.AppendUvarint(dst, uint64(r.size))
		dst = appendPart(dst, r.head)
		r.head = dst[len(dst)-len(r.head) : len(dst) : len(dst)]
		dst = appendPart(dst, r.body)
		r.body = dst[len(dst)-len(r.body) : len(dst) : len(dst)]
	}
	header := dst[start:]
	binary.LittleEndian.PutUint32(header, tailMagic)
	binary.LittleEndian.PutUint32(header[8:], uint32(len(header)-tailHeader))
	binary.LittleEndian.PutUint32(header[12:], uint32(len(rows)))
	binary.LittleEndian.PutUint64(header[16:], rows[0].seq)
	binary.LittleEndian.PutUint32(header[4:], crc32.Checksum(header[8:], castagnoli))
	return dst
}

// readBatch appends the captures of the batch at the start of image to rows, which share its
// memory, and returns the length of the batch: 0 if there is none.
func readBatch(image []byte, rows []row) ([]row, int) {
	if len(image) < tailHeader || binary.LittleEndian.Uint32(image) != tailMagic {
		return rows, 0
	}
	length := tailHeader + int(binary.LittleEndian.Uint32(image[8:]))
	if length > len(image) || crc32.Checksum(image[8:length], castagnoli) != binary.LittleEndian.Uint32(image[4:]) {
		return rows, 0
	}
	count, seq := binary.LittleEndian.Uint32(image[12:]), binary.LittleEndian.Uint64(image[16:])
	rest := image[tailHeader:length]
	number := func() uint64 {
		v, n := binary.Uvarint(rest)
		rest = rest[max(0, n):]
		return v
	}
	part := func() []byte {
		n := min(number(), uint64(len(rest)))
		found := rest[:n:n]
		rest = rest[n:]
		return found
	}
	for i := range count {
		r := row{seq: seq + uint64(i), bin: string(part())}
		r.size = int(number())
		r.head, r.body = part(), part()
		rows = append(rows, r)
	}
	return rows, length
}

// settle inserts what is in the tail, so that a reader finds it. On a full disk it stays there.
func (s *store) settle(ctx context.Context) error {
	if s.tail.outside.Load() == 0 {
		return nil
	}
	err := s.write(ctx, func(*writer) error { return nil })
	if errors.Is(err, journal.ErrFull) {
		return nil
	}
	return err
}

// appendPart appends the length of a part and the part.
func appendPart[T string | []byte](dst []byte, part T) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(part))), part...)
}
