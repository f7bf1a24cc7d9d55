package journal

import "context"

func (s *memory) ClearBin(ctx context.Context, bin string) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return 0, err
	}
	b := s.bins[bin]
	if b == nil {
		return 0, nil
	}
	n := b.captures.len()
	b.cleared += uint64(n)
	for b.captures.len() > 0 {
		s.drop(b)
	}
	s.trim()
	return n, nil
}

func (s *memory) TrimBin(ctx context.Context, bin string, keep int) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
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
	s.mu.Lock()
	defer s.mu.Unlock()
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
			continue
		}
		kept.push(c)
	}
	b.captures = kept
	s.emptied(b)
}
