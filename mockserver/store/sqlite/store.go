package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/journal/record"
)

// Options limit a store. The zero value means the defaults: 1 000 000 captures PerBin, 1 000 000
// Deliveries, 32 GiB in Bytes, and no limit of age (For). The oldest records are evicted first.
type Options struct {
	PerBin     int
	Deliveries int
	Bytes      int64
	For        time.Duration
	Log        *slog.Logger // reports missing records and a full disk; nil logs nothing
}

// limits returns the options as limits, with the defaults filled in.
func (o Options) limits() journal.Limits {
	l := journal.Limits{PerBin: o.PerBin, Deliveries: o.Deliveries, Bytes: o.Bytes, For: o.For}
	return l.Or(journal.Limits{PerBin: 1_000_000, Deliveries: 1_000_000, Bytes: 32 << 30})
}

// maxCaptureBytes bounds one capture. It is well below the largest row of SQLite.
const maxCaptureBytes = 256 << 20

// store is a journal.Store in a directory.
type store struct {
	o     journal.Limits
	db    *database
	read  *reader
	queue queue
	tail  *tail
	feed  journal.Feed

	logger      *slog.Logger
	log         logLimits
	checkpoints *checkpointer
	textIndexes *indexer

	closing  sync.Once
	expiring chan struct{}  // Close closes it
	running  sync.WaitGroup // the writer and keepExpiring
	reading  sync.RWMutex   // every query has a read lock; Close waits for them
	err      error          // the result of Close
}

// Open opens the journal in dir, and creates the directory if it is missing. Errors wrap ErrInUse,
// ErrForeign, ErrCorrupt or ErrIncomplete for these causes.
func Open(ctx context.Context, dir string, o Options) (journal.Store, error) {
	limits := o.limits()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	db, err := openDatabase(ctx, dir, limits.Bytes)
	if err != nil {
		return nil, err
	}
	s := &store{o: limits, db: db, tail: newTail(dir), log: defaultLogLimits(), logger: o.Log}
	s.queue.ready = make(chan struct{}, 1)
	if s.read, err = newReader(ctx, db.reading); err != nil {
		return nil, errors.Join(explain("opening "+dir, err), db.close())
	}
	if s.checkpoints, err = newCheckpointer(ctx, db.checkpointing); err != nil {
		return nil, errors.Join(explain("opening "+dir, err), s.read.close(), db.close())
	}
	w, err := newWriter(ctx, s)
	if err != nil {
		return nil, errors.Join(explain("opening "+dir, err), s.checkpoints.close(), s.read.close(), db.close())
	}
	if err := w.checkComplete(ctx); err != nil {
		w.close()
		return nil, errors.Join(explain("opening "+dir, err), s.checkpoints.close(), s.read.close(), db.close())
	}
	s.refillReserve()
	s.textIndexes = newIndexer(s)
	s.running.Go(w.run)
	s.expiring = make(chan struct{})
	s.running.Go(s.keepExpiring)
	return s, nil
}

// AppendCapture packs c, waits until the writer has committed it, and sets its number and id.
func (s *store) AppendCapture(ctx context.Context, c *journal.Capture) error {
	size := c.Size()
	if limit := min(s.o.Bytes, maxCaptureBytes); int64(size) > limit {
		return fmt.Errorf("a capture has %d bytes, the limit is %d: %w", size, limit, journal.ErrFull)
	}
	r := s.queue.get()
	r.bin, r.size, r.body = c.Bin, size, c.Body
	r.head = record.PackCapture(r.head, c)
	err := s.queue.submit(ctx, r)
	if err == nil {
		c.Seq, c.ID = r.seq, journal.CaptureID(r.seq)
	}
	s.queue.put(r)
	return err
}

// keepExpiring evicts records that are too old, until the store is closed.
func (s *store) keepExpiring() {
	ticker := time.NewTicker(s.expiryInterval())
	defer ticker.Stop()
	for {
		_ = s.expire(context.Background()) // after an error the next round tries again
		_ = s.free(context.Background(), func(w *writer) error {
			s.refillReserve()
			return nil
		})
		select {
		case <-ticker.C:
		case <-s.expiring:
			return
		}
	}
}

// write runs an operation on the writer's goroutine.
func (s *store) write(ctx context.Context, operation func(*writer) error) error {
	r := s.queue.get()
	r.operation = operation
	err := s.queue.submit(ctx, r)
	s.queue.put(r)
	return err
}

// free runs an operation that deletes on the writer's goroutine. On a full disk it may use the
// reserve.
func (s *store) free(ctx context.Context, operation func(*writer) error) error {
	r := s.queue.get()
	r.operation, r.frees = operation, true
	err := s.queue.submit(ctx, r)
	s.queue.put(r)
	return err
}

// refillReserve allocates the reserve again when the disk has space for it.
func (s *store) refillReserve() {
	if err := s.db.reserve.acquire(); err != nil {
		s.logger.Warn("the disk is nearly full: delete captures, lower --keep-bytes, or use a larger disk", "error", err)
	}
}

// Watch reports changes that are committed from now on.
func (s *store) Watch(f journal.Filter) *journal.Watch { return s.feed.Watch(f) }

// Close commits all waiting requests and closes the file, which then needs no recovery.
func (s *store) Close() error {
	s.closing.Do(func() {
		s.textIndexes.close()
		close(s.expiring)
		s.queue.close()
		s.running.Wait()
		s.reading.Lock()
		defer s.reading.Unlock()
		s.err = errors.Join(s.checkpoints.close(), s.read.close(), s.db.close(), s.tail.close())
		s.feed.Close()
	})
	return s.err
}
