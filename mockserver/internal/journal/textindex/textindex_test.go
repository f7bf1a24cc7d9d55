package textindex_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/journal/textindex"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// TestFindsEveryBlock checks that the index leaves no block out that contains a text, also after
// it has shrunk, and that it leaves out most of the others.
func TestFindsEveryBlock(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	const captures = 1000
	words := make([][]byte, captures)
	v := textindex.New()
	for seq := range captures {
		words[seq] = fmt.Appendf(nil, "word%08x", random.Uint32())
		v.Add(&journal.Capture{Seq: uint64(seq), Message: wire.Message{Body: words[seq]}})
	}
	full := v.Slices()
	v.Shrink()
	if v.Slices() >= full {
		t.Errorf("%d slices after it has shrunk, %d before", v.Slices(), full)
	}
	found := 0
	for seq, word := range words {
		left := textindex.All()
		for _, gram := range textindex.GramsOf([][]byte{word}) {
			n := int(textindex.SliceOf(0, v.Slices(), gram))
			left.Filter(textindex.Row(v.Slice(nil, n), gram))
		}
		if block := seq / textindex.BlockSize; !left.Has(block) {
			t.Fatalf("block %d has %s, but the index leaves it out", block, word)
		}
		for block := range textindex.Blocks {
			if left.Has(block) {
				found++
			}
		}
	}
	if most := 4 * captures; found > most {
		t.Errorf("the index leaves %d blocks for %d words, want at most %d", found, captures, most)
	}
}
