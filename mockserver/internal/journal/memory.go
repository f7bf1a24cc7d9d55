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

// MemoryOptions bound a Memory store. The zero value takes the defaults: 100 000 captures a bin, 100 000 deliveries, 1 GiB, for ever.
type MemoryOptions Limits

// NewMemory returns a store that lives as long as the process. Close it when o.For is set.
func NewMemory(o MemoryOptions) Store {
	s := &memory{
		o:          Limits(o).Or(Limits{PerBin: 100_000, Deliveries: 100_000, Bytes: 1 << 30}),
		bins:       map[string]*memoryBin{},
		deliveries: map[string]*memoryDelivery{},
		documents:  map[string]map[string]json.RawMessage{},
	}
	if s.o.For > 0 {
		s.mu.Lock() // it may be at work at once
		defer s.mu.Unlock()
		s.expiring = time.AfterFunc(s.expiry(), s.expire)
	}
	return s
}

// memory keeps values behind one lock. Nothing is copied while it is held: what is stored is never changed in
// place but replaced, so that readers take the values and copy them afterwards.
type memory struct {
	o    Limits
	feed Feed

	mu       sync.RWMutex
	closed   bool
	expiring *time.Timer // nil: all is kept for ever

	seq       uint64 // of the last capture
	bins      map[string]*memoryBin
	empties   ring[*memoryBin] // those that became empty, in that order, and may have captures again
	order     ring[place]      // where every capture is, oldest first; those that are gone are skipped
	held      int
	evicted   uint64
	forgotten uint64 // see Stats.Forgotten

	deliverySeq       uint64 // of the last delivery
	deliveries        map[string]*memoryDelivery
	history           []*memoryDelivery // ascending by Seq
	evictedDeliveries uint64

	documents map[string]map[string]json.RawMessage

	bytes memoryBytes
}

// memoryBytes are the bytes of all records, by what can make room.
type memoryBytes struct {
	captures  int64
	bins      int64
	finished  int64 // deliveries that are not pending
	pending   int64
	documents int64
}

func (b *memoryBytes) all() int64 { return b.captures + b.finished + b.fixed() }

// fixed are those of records that make no room for others.
func (b *memoryBytes) fixed() int64 { return b.bins + b.pending + b.documents }

// memoryBin is one bin's ring.
type memoryBin struct {
	name     string
	captures ring[*Capture]
	last     uint64
	evicted  uint64
	cleared  uint64
	listed   bool // is in memory.empties
}

func (b *memoryBin) size() int64 { return int64((&Bin{Name: b.name}).Size()) }

// place says which bin a capture is in, and when it was stored.
type place struct {
	seq uint64
	bin *memoryBin
	at  int64 // Unix nanoseconds
}

// gone says whether the oldest place of all is of a capture that its bin has let go.
func (p *place) gone() bool {
	return p.bin.find(p.seq) == nil
}

// find returns the capture with that number; nil when the bin does not hold it.
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

// lock locks the store to change it. What it returns unlocks it, and wakes those who watch.
func (s *memory) lock() (unlock func()) {
	s.mu.Lock()
	return func() {
		s.mu.Unlock()
		s.feed.Wake()
	}
}

// usable says whether the store may be used; the lock is held.
func (s *memory) usable(ctx context.Context) error {
	if s.closed {
		return ErrClosed
	}
	return ctx.Err()
}

func (s *memory) AppendCapture(ctx context.Context, c *Capture) error {
	kept := c.Clone()
	kept.At = inUTC(kept.At)
	size := int64(kept.Size())
	s.mu.Lock()
	if err := s.usable(ctx); err != nil {
		s.mu.Unlock()
		return err
	}
	bin := s.bins[kept.Bin]
	if bin == nil {
		bin = &memoryBin{name: strings.Clone(kept.Bin)} // which is a part of a request's head
		size += bin.size()
	}
	if room := s.o.Bytes - s.bytes.fixed(); size > room {
		s.mu.Unlock()
		return fmt.Errorf("a capture of %d bytes, %d of %d can be had: %w", size, max(0, room), s.o.Bytes, ErrFull)
	}
	if s.bins[bin.name] == nil {
		s.bins[bin.name] = bin
		s.bytes.bins += bin.size()
		size -= bin.size()
	}
	s.seq++
	kept.Seq, kept.ID, kept.Bin = s.seq, CaptureID(s.seq), bin.name
	bin.captures.push(&kept)
	bin.last = kept.Seq
	s.order.push(place{kept.Seq, bin, time.Now().UnixNano()})
	s.held++
	s.bytes.captures += size
	s.feed.Add(Change{Kind: CaptureStored, Bin: bin.name, Seq: kept.Seq})
	s.keep(bin, s.o.PerBin)
	s.makeRoom()
	s.trim()
	s.mu.Unlock()
	c.ID, c.Seq = kept.ID, kept.Seq
	s.feed.Wake()
	return nil
}

// makeRoom evicts until all bytes fit, or nothing is left that can be evicted: the oldest captures, or the oldest deliveries
// that are not pending, whichever are more bytes.
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

// evictOldest evicts the oldest capture of all bins and says whether there was one.
func (s *memory) evictOldest() bool {
	for s.order.len() > 0 {
		oldest := s.order.pop()
		if !oldest.gone() {
			oldest.bin.evicted++
			s.evicted++
			s.drop(oldest.bin)
			s.feed.Add(Change{Kind: CapturesEvicted, Bin: oldest.bin.name, Seq: oldest.seq})
			return true
		}
	}
	return false
}

// keep evicts all but the newest captures of a bin, and returns how many that were.
func (s *memory) keep(bin *memoryBin, newest int) int {
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

// drop removes a bin's oldest capture.
func (s *memory) drop(bin *memoryBin) {
	gone := bin.captures.pop()
	s.held--
	s.bytes.captures -= int64(gone.Size())
	s.emptied(bin)
}

// emptied notes that a bin may hold nothing any more, and forgets those that became empty first when they are too many.
func (s *memory) emptied(bin *memoryBin) {
	if bin.captures.len() > 0 {
		return
	}
	bin.captures = ring[*Capture]{}
	if !bin.listed {
		bin.listed = true
		s.empties.push(bin)
	}
	for s.empties.len() > s.o.EmptyBins() {
		first := s.empties.pop()
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

// trim forgets the places of captures that are gone: at once where they are the oldest, else when they are most.
func (s *memory) trim() {
	for s.order.len() > 0 && s.order.at(0).gone() {
		s.order.pop()
	}
	if s.order.len() > 2*s.held+1024 {
		var kept ring[place]
		for i := range s.order.len() {
			if p := s.order.at(i); p.bin.find(p.seq) != nil {
				kept.push(*p)
			}
		}
		s.order = kept
	}
}

// SetResponse keeps a response for which there is room only: else the capture stays as it is.
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
		return fmt.Errorf("a response to capture %s, which then has %d bytes, %d of %d can be had: %w", id, after, max(0, room), s.o.Bytes, ErrFull)
	}
	c.Response = &response
	s.bytes.captures += after - before
	s.feed.Add(Change{Kind: ResponseSet, Bin: c.Bin, Seq: c.Seq})
	s.makeRoom()
	s.trim()
	return nil
}

// capture returns the capture of that id as it is stored, or nil.
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

// selected returns the captures of a query as they are stored.
func (s *memory) selected(q CaptureQuery) []Capture {
	var size int
	var from func(seq uint64) int
	var at func(i int) *Capture // nil: gone
	if q.Bin != "" {
		bin := s.bins[q.Bin]
		if bin == nil {
			return []Capture{}
		}
		size, from, at = bin.captures.len(), bin.from, func(i int) *Capture { return *bin.captures.at(i) }
	} else {
		size = s.order.len()
		from = func(seq uint64) int { return s.order.search(func(p *place) bool { return p.seq >= seq }) }
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
	spread := map[string]int{}
	for _, b := range s.bins {
		above := func(seq uint64) int { return b.captures.search(func(c **Capture) bool { return (*c).Seq > seq }) }
		if n := above(upTo) - above(after); n > 0 {
			spread[b.name] = n
		}
	}
	return spread, nil
}

// binOf returns the bin that the capture of that number was stored in, or nil.
func (s *memory) binOf(seq uint64) *memoryBin {
	i := s.order.search(func(p *place) bool { return p.seq >= seq })
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
		Captures: s.held, Deliveries: len(s.history), Bytes: s.bytes.all(),
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
