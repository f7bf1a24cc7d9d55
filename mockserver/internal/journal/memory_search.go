package journal

import "context"

// searchedAtOnce is how many captures Search reads under one lock.
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
