package journal

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// MemoryOptions bound a Memory store. The zero value takes the defaults.
type MemoryOptions struct {
	PerBin     int // captures a bin holds before the oldest goes; 0 is 100 000
	Deliveries int // deliveries held before the oldest that is not pending goes; 0 is 100 000
	Bytes      int // of all captures' heads and bodies together, before the oldest goes; 0 is 1 GiB
}

func (o MemoryOptions) withDefaults() MemoryOptions {
	if o.PerBin <= 0 {
		o.PerBin = 100_000
	}
	if o.Deliveries <= 0 {
		o.Deliveries = 100_000
	}
	if o.Bytes <= 0 {
		o.Bytes = 1 << 30
	}
	return o
}

// NewMemory returns a store that lives as long as the process.
func NewMemory(o MemoryOptions) Store {
	return &memory{
		o:          o.withDefaults(),
		bins:       map[string]*memoryBin{},
		deliveries: map[string]*Delivery{},
		documents:  map[string]map[string]json.RawMessage{},
	}
}

// memory keeps values behind one lock. Nothing is copied while it is held: what is stored is never changed in
// place but replaced, so that readers take the values and copy them afterwards.
type memory struct {
	o      MemoryOptions
	change Change

	mu     sync.RWMutex
	closed bool

	seq     uint64 // of the last capture
	bins    map[string]*memoryBin
	order   ring[place] // where every capture is, oldest first; those that are gone are skipped
	held    int
	bytes   int
	evicted uint64

	deliverySeq       uint64 // of the last delivery
	deliveries        map[string]*Delivery
	history           []*Delivery // ascending by Seq
	evictedDeliveries uint64

	documents map[string]map[string]json.RawMessage
}

// memoryBin is one bin's ring.
type memoryBin struct {
	name     string
	captures ring[Capture]
	last     uint64
	evicted  uint64
	cleared  uint64
}

// place says which bin a capture is in.
type place struct {
	seq uint64
	bin *memoryBin
}

// gone says whether the oldest place of all is of a capture that its bin has let go.
func (p *place) gone() bool {
	return p.bin.find(p.seq) == nil
}

// find returns the capture with that number; nil when the bin does not hold it.
func (b *memoryBin) find(seq uint64) *Capture {
	if i := b.from(seq); i < b.captures.len() && b.captures.at(i).Seq == seq {
		return b.captures.at(i)
	}
	return nil
}

// from returns the index of the first capture with at least that number.
func (b *memoryBin) from(seq uint64) int {
	return b.captures.search(func(c *Capture) bool { return c.Seq >= seq })
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
	size := kept.Size()
	if size > s.o.Bytes {
		return fmt.Errorf("a capture of %d bytes in a journal of %d: %w", size, s.o.Bytes, ErrFull)
	}
	s.mu.Lock()
	if err := s.usable(ctx); err != nil {
		s.mu.Unlock()
		return err
	}
	bin := s.bins[kept.Bin]
	if bin == nil {
		bin = &memoryBin{name: kept.Bin}
		s.bins[kept.Bin] = bin
	}
	s.seq++
	kept.Seq, kept.ID = s.seq, CaptureID(s.seq)
	bin.captures.push(kept)
	bin.last = kept.Seq
	s.order.push(place{kept.Seq, bin})
	s.held++
	s.bytes += size
	s.evict(bin)
	s.mu.Unlock()
	c.ID, c.Seq = kept.ID, kept.Seq
	s.change.Tell()
	return nil
}

// evict makes room after a capture was added to bin.
func (s *memory) evict(bin *memoryBin) {
	s.keep(bin, s.o.PerBin)
	for s.bytes > s.o.Bytes {
		oldest := s.order.pop()
		if !oldest.gone() {
			s.drop(oldest.bin)
			oldest.bin.evicted++
			s.evicted++
		}
	}
	s.trim()
}

// keep evicts all but the newest captures of a bin, and returns how many that were.
func (s *memory) keep(bin *memoryBin, newest int) int {
	n := max(0, bin.captures.len()-newest)
	for range n {
		s.drop(bin)
	}
	bin.evicted += uint64(n)
	s.evicted += uint64(n)
	return n
}

// drop removes a bin's oldest capture.
func (s *memory) drop(bin *memoryBin) {
	gone := bin.captures.pop()
	s.held--
	s.bytes -= gone.Size()
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

func (s *memory) SetReply(ctx context.Context, id string, r Reply) error {
	reply := r.Clone()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return err
	}
	c := s.capture(id)
	if c == nil {
		return captureNotFound(id)
	}
	c.Reply = &reply
	s.change.Tell()
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
		size, from, at = bin.captures.len(), bin.from, bin.captures.at
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

func (s *memory) Spread(ctx context.Context, after, upTo uint64) (map[string]int, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	spread := map[string]int{}
	for _, b := range s.bins {
		above := func(seq uint64) int { return b.captures.search(func(c *Capture) bool { return c.Seq > seq }) }
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
		Captures: s.held, Deliveries: len(s.history), Bytes: int64(s.bytes),
		EvictedCaptures: s.evicted, EvictedDeliveries: s.evictedDeliveries,
	}, nil
}

func (s *memory) Changed() <-chan struct{} { return s.change.Next() }

func (s *memory) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.change.Close()
	return nil
}
