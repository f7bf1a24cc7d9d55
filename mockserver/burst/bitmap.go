package burst

import (
	"math/bits"
	"sync"
	"sync/atomic"
)

// bitmap is a set of event indexes. It takes one bit for each index up to the highest one, and many
// goroutines may add to it.
type bitmap struct {
	chunks atomic.Pointer[[]*chunk]
	mu     sync.Mutex // guards growing
}

// chunkBits is the number of indexes of a chunk.
const chunkBits = 1 << 16

type chunk [chunkBits / 64]atomic.Uint64

// add adds an index.
func (b *bitmap) add(i uint64) {
	n := int(i / chunkBits)
	list := b.chunks.Load()
	if list == nil || n >= len(*list) {
		list = b.grow(n)
	}
	(*list)[n][i%chunkBits/64].Or(1 << (i % 64))
}

func (b *bitmap) grow(n int) *[]*chunk {
	b.mu.Lock()
	defer b.mu.Unlock()
	old := b.chunks.Load()
	if old != nil && n < len(*old) {
		return old
	}
	var list []*chunk
	if old != nil {
		list = append(list, *old...)
	}
	for len(list) <= n {
		list = append(list, &chunk{})
	}
	b.chunks.Store(&list)
	return &list
}

// has reports whether the set has an index.
func (b *bitmap) has(i uint64) bool {
	list := b.chunks.Load()
	n := int(i / chunkBits)
	return list != nil && n < len(*list) && (*list)[n][i%chunkBits/64].Load()&(1<<(i%64)) != 0
}

// len returns the number of indexes in the set.
func (b *bitmap) len() uint64 {
	list, n := b.chunks.Load(), 0
	if list == nil {
		return 0
	}
	for _, c := range *list {
		for i := range c {
			n += bits.OnesCount64(c[i].Load())
		}
	}
	return uint64(n)
}
