package sqlite

import (
	"encoding/binary"
	"math/bits"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// A search reads only captures that may hold what it looks for. Sequence numbers lie in segments, each of blocks. The
// text index of a segment is a table of bits with a row for every hash of a gram, which is three or four bytes in a row, and
// a column for every block: a bit is set where a capture of that block holds such a gram. Blocks that may hold a text
// are those that have the bits of all its grams. What is deleted stays in the text index, where it costs a look in vain.
//
// A full-text index of SQLite (FTS5, trigrams) answers as fast but takes fifty times as long to fill, longer than it
// takes to record what it indexes.
const (
	segmentSize = 4096                    // captures
	blockSize   = 16                      // captures
	blocks      = segmentSize / blockSize // of a segment
	rowSize     = blocks / 8              // bytes
	sliceRows   = 64                      // rows that are stored together
	rowBits     = 17
	mostRows    = 1 << rowBits
	leastRows   = 1 << 10
	mostSlices  = mostRows / sliceRows
)

// blockSet is a set of a segment's blocks.
type blockSet [blocks / 64]uint64

func (s *blockSet) has(block int) bool { return s[block/64]>>(block%64)&1 == 1 }

func allBlocks() blockSet { return blockSet{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)} }

// textIndex is the text index of a segment while it is built.
type textIndex struct {
	rows []blockSet // a power of two of them
	text journal.Folded
}

func newTextIndex() *textIndex { return &textIndex{rows: make([]blockSet, mostRows)} }

// reset empties the text index for another segment.
func (v *textIndex) reset() {
	v.rows = v.rows[:mostRows]
	clear(v.rows)
}

// add takes in a capture.
func (v *textIndex) add(c *journal.Capture) {
	block := int(c.Seq%segmentSize) / blockSize
	word, bit := block/64, uint64(1)<<(block%64)
	v.text.Read(c)
	for part := range v.text.Parts {
		var last uint32 // the last four bytes
		for i, b := range part {
			last = last<<8 | uint32(b)
			if i >= 2 {
				v.rows[hash(last&0xffffff)][word] |= bit
			}
			if i >= 3 {
				v.rows[hash(last^longGram)][word] |= bit
			}
		}
	}
}

// longGram tells a gram of four bytes from one of three.
const longGram = 0x9e3779b9

// hash is a number below mostRows, its upper bits as good as its lower ones.
func hash(gram uint32) uint32 { return gram * 0x85ebca6b >> (32 - rowBits) }

// shrink makes the text index as small as its bits allow: half the table, with the rows of both halves in one, as long as
// no more than a quarter of it is set.
func (v *textIndex) shrink() {
	for len(v.rows) > leastRows {
		half := len(v.rows) / 2
		set := 0
		for i := range half {
			for j := range v.rows[i] {
				set += bits.OnesCount64(v.rows[i][j] | v.rows[half+i][j])
			}
		}
		if set > half*blocks/4 {
			return
		}
		for i := range half {
			for j := range v.rows[i] {
				v.rows[i][j] |= v.rows[half+i][j]
			}
		}
		v.rows = v.rows[:half]
	}
}

// slices is how many slices the text index has.
func (v *textIndex) slices() int { return len(v.rows) / sliceRows }

// slice appends a slice as it is stored.
func (v *textIndex) slice(dst []byte, n int) []byte {
	for _, row := range v.rows[n*sliceRows:][:sliceRows] {
		for _, word := range row {
			dst = binary.LittleEndian.AppendUint64(dst, word)
		}
	}
	return dst
}

// mostGrams is how many grams of a search are looked up: more would hardly tell more.
const mostGrams = 16

// gramsOf returns hashes of grams that each of the texts holds, which are folded: those of four bytes, of a text of
// three the one that it is.
func gramsOf(texts [][]byte) []uint32 {
	var grams []uint32
	for _, text := range texts {
		if len(text) == 3 {
			grams = append(grams, hash(uint32(text[0])<<16|uint32(text[1])<<8|uint32(text[2])))
		}
		for i := range max(len(text)-3, 0) {
			grams = append(grams, hash(binary.BigEndian.Uint32(text[i:])^longGram))
		}
	}
	if step := len(grams) / mostGrams; step > 0 { // some from everywhere
		for i := range mostGrams {
			grams[i] = grams[i*len(grams)/mostGrams]
		}
		grams = grams[:mostGrams]
	}
	return grams
}

// sift keeps of the blocks those that have a bit in the row of a gram. Rows are the slice that it lies in. It says whether
// any is left.
func (s *blockSet) sift(rows []byte, gram uint32) bool {
	row := rows[int(gram)%sliceRows*rowSize:][:rowSize]
	left := uint64(0)
	for i := range s {
		s[i] &= binary.LittleEndian.Uint64(row[i*8:])
		left |= s[i]
	}
	return left != 0
}

// sliceOf is the id of the slice that a gram's row lies in, in a text index of so many slices.
func sliceOf(segment int64, slices int, gram uint32) int64 {
	return segment*mostSlices + int64(int(gram)/sliceRows%slices)
}
