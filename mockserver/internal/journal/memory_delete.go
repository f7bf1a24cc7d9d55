package journal

import (
	"context"
	"runtime/debug"
)

// returnBytes is how many deleted bytes make the store return memory to the operating system at
// once.
const returnBytes = 16 << 20

// lockToDelete locks the store. The returned function unlocks it, and returns memory to the
// operating system if many bytes were deleted.
func (s *memory) lockToDelete() (unlock func()) {
	unlocked := s.lock()
	before := s.bytes.captures
	return func() {
		freed := before - s.bytes.captures
		unlocked()
		if freed >= returnBytes {
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
	n := s.keepNewest(b, max(0, keep))
	s.trim()
	return n, nil
}

func (s *memory) DeleteCaptures(ctx context.Context, seqs ...uint64) (int, error) {
	defer s.lockToDelete()()
	if err := s.usable(ctx); err != nil {
		return 0, err
	}
	deleted := map[*memoryBin]map[uint64]bool{}
	for _, seq := range seqs {
		b := s.binOf(seq)
		if b == nil || b.find(seq) == nil {
			continue
		}
		if deleted[b] == nil {
			deleted[b] = map[uint64]bool{}
		}
		deleted[b][seq] = true
	}
	n := 0
	for b, seqs := range deleted {
		n += len(seqs)
		b.cleared += uint64(len(seqs))
		s.remove(b, seqs)
	}
	s.trim()
	return n, nil
}

// remove deletes captures anywhere in a bin.
func (s *memory) remove(b *memoryBin, deleted map[uint64]bool) {
	var stored ring[*Capture]
	for i := range b.captures.len() {
		c := *b.captures.at(i)
		if deleted[c.Seq] {
			s.count--
			s.bytes.captures -= int64(c.Size())
			s.feed.Add(Change{Kind: CaptureDeleted, Bin: b.name, Seq: c.Seq})
			continue
		}
		stored.push(c)
	}
	b.captures = stored
	s.noteEmpty(b)
}
