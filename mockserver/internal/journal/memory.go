package journal

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// MemoryOptions limit a store in memory. The zero value means the defaults: 100 000 captures in a
// bin, 100 000 deliveries, 1 GiB, and no limit of age.
type MemoryOptions Limits

// NewMemory returns a store that lasts as long as the process. Close it if o.For is set.
func NewMemory(o MemoryOptions) Store {
	s := &memory{
		o:          Limits(o).Or(Limits{PerBin: 100_000, Deliveries: 100_000, Bytes: 1 << 30}),
		bins:       map[string]*memoryBin{},
		deliveries: map[string]*memoryDelivery{},
		documents:  map[string]map[string]json.RawMessage{},
	}
	if s.o.For > 0 {
		s.mu.Lock() // the timer may fire at once
		defer s.mu.Unlock()
		s.expiring = time.AfterFunc(s.expiryInterval(), s.expire)
	}
	return s
}

// memory has all records behind one lock. It copies nothing under the lock: stored values are never
// changed, only replaced, so readers take the values and copy them afterwards.
type memory struct {
	o    Limits
	feed Feed

	mu       sync.RWMutex
	closed   bool
	expiring *time.Timer // nil without a limit of age

	seq       uint64 // of the last capture
	bins      map[string]*memoryBin
	emptyBins ring[*memoryBin] // in the order in which they became empty; some have captures again
	order     ring[location]   // of every capture, oldest first; deleted ones are skipped
	count     int
	evicted   uint64
	forgotten uint64 // see Stats.Forgotten

	deliverySeq       uint64 // of the last delivery
	deliveries        map[string]*memoryDelivery
	history           []*memoryDelivery // ascending by Seq
	evictedDeliveries uint64

	documents map[string]map[string]json.RawMessage

	bytes memoryBytes
}

// memoryBytes counts the bytes of all records by kind.
type memoryBytes struct {
	captures  int64
	bins      int64
	finished  int64 // deliveries that are not pending
	pending   int64
	documents int64
}

func (b *memoryBytes) all() int64 { return b.captures + b.finished + b.fixed() }

// fixed returns the bytes of records that cannot be evicted.
func (b *memoryBytes) fixed() int64 { return b.bins + b.pending + b.documents }

// memoryBin is one bin.
type memoryBin struct {
	name     string
	captures ring[*Capture]
	last     uint64
	evicted  uint64
	cleared  uint64
	listed   bool // it is in memory.emptyBins
}

func (b *memoryBin) size() int64 { return int64((&Bin{Name: b.name}).Size()) }

// location is the bin of a capture and the time when it was stored.
type location struct {
	seq uint64
	bin *memoryBin
	at  int64 // Unix nanoseconds
}

// deleted reports whether the bin no longer has the capture.
func (p *location) deleted() bool {
	return p.bin.find(p.seq) == nil
}

// find returns the capture with that number, or nil.
func (b *memoryBin) find(seq uint64) *Capture {
	if i := b.from(seq); i < b.captures.len() && (*b.captures.at(i)).Seq == seq {
		return *b.captures.at(i)
	}
	return nil
}

// from returns the index of the first capture with at least that number.
func (b *memoryBin) from(seq uint64) int {
	return b.captures.search(func(c **Capture) bool { return (*c).Seq >= seq })
}

// lock locks the store for a change. The returned function unlocks it and wakes the watches.
func (s *memory) lock() (unlock func()) {
	s.mu.Lock()
	return func() {
		s.mu.Unlock()
		s.feed.Wake()
	}
}

// usable returns an error if the store is closed or ctx has ended. The caller must hold the lock.
func (s *memory) usable(ctx context.Context) error {
	if s.closed {
		return ErrClosed
	}
	return ctx.Err()
}

func (s *memory) AppendCapture(ctx context.Context, c *Capture) error {
	stored := c.Clone()
	stored.At = inUTC(stored.At)
	size := int64(stored.Size())
	s.mu.Lock()
	if err := s.usable(ctx); err != nil {
		s.mu.Unlock()
		return err
	}
	bin := s.bins[stored.Bin]
	if bin == nil {
		// The name shares the memory of a whole request head.
		bin = &memoryBin{name: strings.Clone(stored.Bin)}
		size += bin.size()
	}
	if room := s.o.Bytes - s.bytes.fixed(); size > room {
		s.mu.Unlock()
		return fmt.Errorf("a capture has %d bytes, but only %d of %d are available: %w", size, max(0, room), s.o.Bytes, ErrFull)
	}
	if s.bins[bin.name] == nil {
		s.bins[bin.name] = bin
		s.bytes.bins += bin.size()
		size -= bin.size()
	}
	s.seq++
	stored.Seq, stored.ID, stored.Bin = s.seq, CaptureID(s.seq), bin.name
	bin.captures.push(&stored)
	bin.last = stored.Seq
	s.order.push(location{stored.Seq, bin, time.Now().UnixNano()})
	s.count++
	s.bytes.captures += size
	s.feed.Add(Change{Kind: CaptureStored, Bin: bin.name, Seq: stored.Seq})
	s.keepNewest(bin, s.o.PerBin)
	s.makeRoom()
	s.trim()
	s.mu.Unlock()
	c.ID, c.Seq = stored.ID, stored.Seq
	s.feed.Wake()
	return nil
}

// makeRoom evicts until all bytes fit or nothing is left to evict. It takes the oldest captures or
// the oldest deliveries that are not pending, whichever have more bytes.
func (s *memory) makeRoom() {
	for s.bytes.all() > s.o.Bytes {
		if s.bytes.captures >= s.bytes.finished {
			if !s.evictOldest() {
				return
			}
		} else if !s.evictDelivery() {
			return
		}
	}
}

// evictOldest evicts the oldest capture of all bins and reports whether there was one.
func (s *memory) evictOldest() bool {
	for s.order.len() > 0 {
		oldest := s.order.pop()
		if !oldest.deleted() {
			oldest.bin.evicted++
			s.evicted++
			s.drop(oldest.bin)
			s.feed.Add(Change{Kind: CapturesEvicted, Bin: oldest.bin.name, Seq: oldest.seq})
			return true
		}
	}
	return false
}

// keepNewest evicts all but the newest captures of a bin and returns how many it evicted.
func (s *memory) keepNewest(bin *memoryBin, newest int) int {
	n := max(0, bin.captures.len()-newest)
	bin.evicted += uint64(n)
	s.evicted += uint64(n)
	s.dropOldest(bin, n, CapturesEvicted)
	return n
}

// dropOldest removes the oldest n captures of a bin.
func (s *memory) dropOldest(bin *memoryBin, n int, kind ChangeKind) {
	if n == 0 {
		return
	}
	last := (*bin.captures.at(n - 1)).Seq
	for range n {
		s.drop(bin)
	}
	s.feed.Add(Change{Kind: kind, Bin: bin.name, Seq: last})
}

// drop removes the oldest capture of a bin.
func (s *memory) drop(bin *memoryBin) {
	c := bin.captures.pop()
	s.count--
	s.bytes.captures -= int64(c.Size())
	s.noteEmpty(bin)
}

// noteEmpty records that a bin may be empty. It deletes the bins that were emptied first if there
// are too many.
func (s *memory) noteEmpty(bin *memoryBin) {
	if bin.captures.len() > 0 {
		return
	}
	bin.captures = ring[*Capture]{}
	if !bin.listed {
		bin.listed = true
		s.emptyBins.push(bin)
	}
	for s.emptyBins.len() > s.o.EmptyBins() {
		first := s.emptyBins.pop()
		first.listed = false
		if first.captures.len() > 0 {
			continue
		}
		delete(s.bins, first.name)
		s.bytes.bins -= first.size()
		if first.evicted > 0 {
			s.forgotten = max(s.forgotten, first.last)
		}
	}
}

// trim removes the locations of deleted captures: at once if they are the oldest, else when most
// locations are of deleted captures.
func (s *memory) trim() {
	for s.order.len() > 0 && s.order.at(0).deleted() {
		s.order.pop()
	}
	if s.order.len() > 2*s.count+1024 {
		var stored ring[location]
		for i := range s.order.len() {
			if p := s.order.at(i); p.bin.find(p.seq) != nil {
				stored.push(*p)
			}
		}
		s.order = stored
	}
}

// SetResponse stores a response. If it does not fit, it returns ErrFull and changes nothing.
func (s *memory) SetResponse(ctx context.Context, id string, r Response) error {
	response := r.Clone()
	defer s.lock()()
	if err := s.usable(ctx); err != nil {
		return err
	}
	c := s.capture(id)
	if c == nil {
		return captureNotFound(id)
	}
	before := int64(c.Size())
	changed := *c
	changed.Response = &response
	after := int64(changed.Size())
	if room := s.o.Bytes - s.bytes.fixed(); after > room {
		return fmt.Errorf("the response to capture %s makes it %d bytes long, but only %d of %d are available: %w", id, after, max(0, room), s.o.Bytes, ErrFull)
	}
	c.Response = &response
	s.bytes.captures += after - before
	s.feed.Add(Change{Kind: ResponseSet, Bin: c.Bin, Seq: c.Seq})
	s.makeRoom()
	s.trim()
	return nil
}

// capture returns the stored capture with that id, or nil.
func (s *memory) capture(id string) *Capture {
	seq, ok := ParseCaptureID(id)
	if !ok {
		return nil
	}
	if b := s.binOf(seq); b != nil {
		return b.find(seq)
	}
	return nil
}

func captureNotFound(id string) error { return fmt.Errorf("capture %q: %w", id, ErrNotFound) }

func (s *memory) Capture(ctx context.Context, id string) (Capture, error) {
	s.mu.RLock()
	if err := s.usable(ctx); err != nil {
		s.mu.RUnlock()
		return Capture{}, err
	}
	stored := s.capture(id)
	if stored == nil {
		s.mu.RUnlock()
		return Capture{}, captureNotFound(id)
	}
	c := *stored
	s.mu.RUnlock()
	return c.Clone(), nil
}

func (s *memory) Captures(ctx context.Context, q CaptureQuery) ([]Capture, error) {
	s.mu.RLock()
	if err := s.usable(ctx); err != nil {
		s.mu.RUnlock()
		return nil, err
	}
	found := s.selected(q)
	s.mu.RUnlock()
	for i := range found {
		found[i] = found[i].Clone()
	}
	return found, nil
}

// selected returns the stored captures that a query selects.
func (s *memory) selected(q CaptureQuery) []Capture {
	var size int
	var from func(seq uint64) int
	var at func(i int) *Capture // returns nil for a deleted capture
	if q.Bin != "" {
		bin := s.bins[q.Bin]
		if bin == nil {
			return []Capture{}
		}
		size, from, at = bin.captures.len(), bin.from, func(i int) *Capture { return *bin.captures.at(i) }
	} else {
		size = s.order.len()
		from = func(seq uint64) int { return s.order.search(func(p *location) bool { return p.seq >= seq }) }
		at = func(i int) *Capture { return s.order.at(i).bin.find(s.order.at(i).seq) }
	}
	low, high := from(q.After+1), size
	if q.After+1 == 0 {
		low = size
	}
	if q.Before > 0 {
		high = from(q.Before)
	}
	limit := PageSize(q.Limit)
	found := make([]Capture, 0, min(limit, max(0, high-low)))
	for low < high && len(found) < limit {
		i := high - 1
		if q.Oldest {
			i = low
			low++
		} else {
			high--
		}
		if c := at(i); c != nil {
			found = append(found, *c)
		}
	}
	return found
}

func (s *memory) Bins(ctx context.Context) ([]Bin, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	bins := make([]Bin, 0, len(s.bins))
	for _, b := range s.bins {
		bins = append(bins, Bin{Name: b.name, Count: b.captures.len(), Last: b.last, Evicted: b.evicted, Cleared: b.cleared})
	}
	slices.SortFunc(bins, func(a, b Bin) int { return strings.Compare(a.Name, b.Name) })
	return bins, nil
}

func (s *memory) Counts(ctx context.Context, after, upTo uint64) (map[string]int, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	counts := map[string]int{}
	for _, b := range s.bins {
		above := func(seq uint64) int { return b.captures.search(func(c **Capture) bool { return (*c).Seq > seq }) }
		if n := above(upTo) - above(after); n > 0 {
			counts[b.name] = n
		}
	}
	return counts, nil
}

// binOf returns the bin that the capture with that number was stored in, or nil.
func (s *memory) binOf(seq uint64) *memoryBin {
	i := s.order.search(func(p *location) bool { return p.seq >= seq })
	if i == s.order.len() || s.order.at(i).seq != seq {
		return nil
	}
	return s.order.at(i).bin
}

func (s *memory) Stats(ctx context.Context) (Stats, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return Stats{}, err
	}
	return Stats{
		Captures: s.count, Deliveries: len(s.history), Bytes: s.bytes.all(),
		EvictedCaptures: s.evicted, EvictedDeliveries: s.evictedDeliveries, Forgotten: s.forgotten,
	}, nil
}

func (s *memory) Limits() Limits { return s.o }

func (s *memory) Watch(f Filter) *Watch { return s.feed.Watch(f) }

func (s *memory) Close() error {
	s.mu.Lock()
	s.closed = true
	if s.expiring != nil {
		s.expiring.Stop()
	}
	s.mu.Unlock()
	s.feed.Close()
	return nil
}
