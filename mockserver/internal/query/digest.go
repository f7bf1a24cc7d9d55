package query

import (
	"context"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// MaxDigests is the most digests of one page.
const MaxDigests = 10_000

// maxDigested is how many bytes of captures are read for one page.
const maxDigested = 64 << 20

// Digests returns the digests of a bin's captures after a number, oldest first, at most MaxDigests.
// more reports whether there may be others after them.
func (s *Searcher) Digests(ctx context.Context, bin string, after uint64) (digests []journal.Digest, more bool, err error) {
	if err := journal.CheckBin(bin); err != nil {
		return nil, false, err
	}
	digests = []journal.Digest{}
	size := 0
	err = s.o.Store.Search(ctx, journal.CaptureQuery{Bin: bin, After: after, Oldest: true}, nil, func(c *journal.Capture) bool {
		digests = append(digests, c.Digest())
		size += c.Size()
		more = len(digests) == MaxDigests || size >= maxDigested
		return !more
	})
	return digests, more, err
}
