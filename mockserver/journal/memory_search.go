package journal

import "context"

// searchedAtOnce is how many captures Search takes out under the lock.
const searchedAtOnce = 256

func (s *memory) Search(ctx context.Context, q CaptureQuery, _ []string, visit func(*Capture) bool) error {
	q.Limit = searchedAtOnce
	for {
		s.mu.RLock()
		if err := s.usable(ctx); err != nil {
			s.mu.RUnlock()
			return err
		}
		page := s.selected(q)
		s.mu.RUnlock()
		for i := range page {
			if !visit(&page[i]) {
				return nil
			}
		}
		if len(page) < q.Limit {
			return nil
		}
		if last := page[len(page)-1].Seq; q.Oldest {
			q.After = last
		} else {
			q.Before = last
		}
	}
}

func (s *memory) DeleteCaptures(ctx context.Context, seqs ...uint64) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return 0, err
	}
	doomed := map[*memoryBin]map[uint64]bool{}
	for _, seq := range seqs {
		b := s.binOf(seq)
		if b == nil || b.find(seq) == nil {
			continue
		}
		if doomed[b] == nil {
			doomed[b] = map[uint64]bool{}
		}
		doomed[b][seq] = true
	}
	n := 0
	for b, gone := range doomed {
		var kept ring[Capture]
		for i := range b.captures.len() {
			c := b.captures.at(i)
			if !gone[c.Seq] {
				kept.push(*c)
				continue
			}
			n++
			s.held--
			s.bytes -= c.Size()
		}
		b.captures = kept
	}
	s.trim()
	return n, nil
}
