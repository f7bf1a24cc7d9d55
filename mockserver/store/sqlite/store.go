package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// Options bound a store. The zero value has the defaults: PerBin 1 000 000 captures a bin, 1 000 000 Deliveries, 32 GiB in Bytes,
// and For ever. The oldest records make room for new ones.
type Options struct {
	PerBin     int
	Deliveries int
	Bytes      int64
	For        time.Duration
	Log        *slog.Logger // for what was found missing; nil logs nothing
}

// limits are those of the options, and the defaults.
func (o Options) limits() journal.Limits {
	l := journal.Limits{PerBin: o.PerBin, Deliveries: o.Deliveries, Bytes: o.Bytes, For: o.For}
	return l.Or(journal.Limits{PerBin: 1_000_000, Deliveries: 1_000_000, Bytes: 32 << 30})
}

// largest bounds one capture, in bytes, well below what SQLite can hold in a row.
const largest = 256 << 20

// store is a journal.Store in a directory.
type store struct {
	o     journal.Limits
	db    *database
	read  *reader
	queue queue
	feed  journal.Feed

	told        *slog.Logger
	log         logLimits
	checkpoints *checkpointer
	textIndexes *indexer

	closing  sync.Once
	expiring chan struct{}  // closed by closing
	running  sync.WaitGroup // the writer, and what expires
	reading  sync.RWMutex   // read-locked by every query; closing waits for them
	err      error          // of closing
}

// Open opens the journal in dir, which is made if it is missing. Errors wrap ErrInUse, ErrForeign or ErrCorrupt
// where that is why.
func Open(ctx context.Context, dir string, o Options) (journal.Store, error) {
	limits := o.limits()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	db, err := openDatabase(ctx, dir, limits.Bytes)
	if err != nil {
		return nil, err
	}
	s := &store{o: limits, db: db, log: usualLogLimits(), told: o.Log}
	s.queue.ready = make(chan struct{}, 1)
	if s.read, err = newReader(ctx, db.reading); err != nil {
		return nil, errors.Join(explain("opening "+dir, err), db.close())
	}
	if s.checkpoints, err = newCheckpointer(ctx, db.moving); err != nil {
		return nil, errors.Join(explain("opening "+dir, err), s.read.close(), db.close())
	}
	w, err := newWriter(ctx, s)
	if err != nil {
		return nil, errors.Join(explain("opening "+dir, err), s.checkpoints.close(), s.read.close(), db.close())
	}
	s.keepReserve()
	s.textIndexes = newIndexer(s)
	s.running.Go(w.run)
	s.expiring = make(chan struct{})
	s.running.Go(s.keepExpiring)
	return s, nil
}

// AppendCapture packs c, has the writer commit it, and takes over the number it was given.
func (s *store) AppendCapture(ctx context.Context, c *journal.Capture) error {
	size := c.Size()
	if limit := min(s.o.Bytes, largest); int64(size) > limit {
		return fmt.Errorf("a capture of %d bytes, at most %d fit: %w", size, limit, journal.ErrFull)
	}
	r := s.queue.get()
	r.bin, r.size, r.body = c.Bin, size, c.Body
	r.head = packCapture(r.head, c)
	err := s.queue.submit(ctx, r)
	if err == nil {
		c.Seq, c.ID = r.seq, journal.CaptureID(r.seq)
	}
	s.queue.put(r)
	return err
}

// keepExpiring evicts what is too old, until the store is closed.
func (s *store) keepExpiring() {
	ticker := time.NewTicker(s.expiry())
	defer ticker.Stop()
	for {
		_ = s.expire(context.Background()) // what could not be done is tried again
		_ = s.free(context.Background(), func(w *writer) error {
			s.keepReserve()
			return nil
		})
		select {
		case <-ticker.C:
		case <-s.expiring:
			return
		}
	}
}

// write has the writer run an operation.
func (s *store) write(ctx context.Context, operation func(*writer) error) error {
	r := s.queue.get()
	r.operation = operation
	err := s.queue.submit(ctx, r)
	s.queue.put(r)
	return err
}

// free has the writer run an operation that deletes: on a full disk it may use the reserve.
func (s *store) free(ctx context.Context, operation func(*writer) error) error {
	r := s.queue.get()
	r.operation, r.frees = operation, true
	err := s.queue.submit(ctx, r)
	s.queue.put(r)
	return err
}

// keepReserve takes the reserve back when there is room for it.
func (s *store) keepReserve() {
	if err := s.db.reserve.take(); err != nil {
		s.told.Warn("the disk is nearly full: delete captures, set --keep-bytes lower, or give the journal more room", "error", err)
	}
}

// Watch tells what is committed from now on.
func (s *store) Watch(f journal.Filter) *journal.Watch { return s.feed.Watch(f) }

// Close commits what waits and closes the file, which then needs no recovery.
func (s *store) Close() error {
	s.closing.Do(func() {
		s.textIndexes.close()
		close(s.expiring)
		s.queue.close()
		s.running.Wait()
		s.reading.Lock()
		defer s.reading.Unlock()
		s.err = errors.Join(s.checkpoints.close(), s.read.close(), s.db.close())
		s.feed.Close()
	})
	return s.err
}
