package burst

import (
	"encoding/binary"
	"iter"
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

type chunk struct {
	words   [chunkBits / 64]atomic.Uint64
	changed atomic.Bool // since it was last copied
}

// add adds an index.
func (b *bitmap) add(i uint64) {
	n := int(i / chunkBits)
	list := b.chunks.Load()
	if list == nil || n >= len(*list) {
		list = b.grow(n)
	}
	c := (*list)[n]
	c.words[i%chunkBits/64].Or(1 << (i % 64))
	if !c.changed.Load() { // a load does not take the line from the other processors
		c.changed.Store(true)
	}
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
	return list != nil && n < len(*list) && (*list)[n].words[i%chunkBits/64].Load()&(1<<(i%64)) != 0
}

// len returns the number of indexes in the set.
func (b *bitmap) len() uint64 {
	list, n := b.chunks.Load(), 0
	if list == nil {
		return 0
	}
	for _, c := range *list {
		for i := range c.words {
			n += bits.OnesCount64(c.words[i].Load())
		}
	}
	return uint64(n)
}

// join adds the indexes of a chunk, its words in little-endian order.
func (b *bitmap) join(number int, words []byte) {
	for i := 0; i+8 <= len(words) && i < chunkBits/8; i += 8 {
		word := binary.LittleEndian.Uint64(words[i:])
		for ; word != 0; word &= word - 1 {
			b.add(uint64(number)*chunkBits + uint64(i)*8 + uint64(bits.TrailingZeros64(word)))
		}
	}
}

// union adds the indexes of another set.
func (b *bitmap) union(other *bitmap) {
	for number, words := range other.all(false) {
		b.join(number, words)
	}
}

// all yields the chunks, or only those that changed since they were last yielded.
func (b *bitmap) all(changed bool) iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		list := b.chunks.Load()
		if list == nil {
			return
		}
		for number, c := range *list {
			// Swapped before it is read: an index that is added meanwhile is yielded next time.
			if changed && !c.changed.Swap(false) {
				continue
			}
			words := make([]byte, 0, chunkBits/8)
			for i := range c.words {
				words = binary.LittleEndian.AppendUint64(words, c.words[i].Load())
			}
			if !yield(number, words) {
				return
			}
		}
	}
}
