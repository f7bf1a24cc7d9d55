package journal

import (
	"context"
	"runtime/debug"
)

// worthReturning is how many bytes, when they are deleted at once, are given back to the system right away.
const worthReturning = 16 << 20

// lockToDelete locks the store. What it returns unlocks it, and gives memory back when much was deleted meanwhile.
func (s *memory) lockToDelete() (unlock func()) {
	unlocked := s.lock()
	before := s.bytes.captures
	return func() {
		freed := before - s.bytes.captures
		unlocked()
		if freed >= worthReturning {
			debug.FreeOSMemory()
		}
	}
}

func (s *memory) ClearBin(ctx context.Context, bin string) (int, error) {
	defer s.lockToDelete()()
	if err := s.usable(ctx); err != nil {
		return 0, err
	}
	b := s.bins[bin]
	if b == nil {
		return 0, nil
	}
	n := b.captures.len()
	b.cleared += uint64(n)
	s.dropOldest(b, n, BinCleared)
	s.trim()
	return n, nil
}

func (s *memory) TrimBin(ctx context.Context, bin string, keep int) (int, error) {
	defer s.lockToDelete()()
	if err := s.usable(ctx); err != nil {
		return 0, err
	}
	b := s.bins[bin]
	if b == nil {
		return 0, nil
	}
	n := s.keep(b, max(0, keep))
	s.trim()
	return n, nil
}

func (s *memory) DeleteCaptures(ctx context.Context, seqs ...uint64) (int, error) {
	defer s.lockToDelete()()
	if err := s.usable(ctx); err != nil {
		return 0, err
	}
	unwanted := map[*memoryBin]map[uint64]bool{}
	for _, seq := range seqs {
		b := s.binOf(seq)
		if b == nil || b.find(seq) == nil {
			continue
		}
		if unwanted[b] == nil {
			unwanted[b] = map[uint64]bool{}
		}
		unwanted[b][seq] = true
	}
	n := 0
	for b, seqs := range unwanted {
		n += len(seqs)
		b.cleared += uint64(len(seqs))
		s.remove(b, seqs)
	}
	s.trim()
	return n, nil
}

// remove takes captures out of a bin, wherever in it they are.
func (s *memory) remove(b *memoryBin, unwanted map[uint64]bool) {
	var kept ring[*Capture]
	for i := range b.captures.len() {
		c := *b.captures.at(i)
		if unwanted[c.Seq] {
			s.held--
			s.bytes.captures -= int64(c.Size())
			s.feed.Add(Change{Kind: CaptureDeleted, Bin: b.name, Seq: c.Seq})
			continue
		}
		kept.push(c)
	}
	b.captures = kept
	s.emptied(b)
}
