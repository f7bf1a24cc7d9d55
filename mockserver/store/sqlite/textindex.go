package sqlite

import (
	"encoding/binary"
	"math/bits"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// Sequence numbers are divided into segments, and these into blocks. The text index of a segment is
// a table of bits, like a Bloom filter. It has a row for each hash of a gram, which is a sequence
// of three or four bytes, and a column for each block. A bit is set if a capture of that block
// contains such a gram. A block may contain a text if it has the bits of all grams of the text.
// Deletions do not change an index: they only cause false positives.
//
// A full-text index of SQLite (FTS5, trigrams) answers as fast but takes fifty times as long to
// fill, longer than recording the captures takes.
const (
	segmentSize = 4096                    // captures
	blockSize   = 16                      // captures
	blocks      = segmentSize / blockSize // in a segment
	rowSize     = blocks / 8              // bytes
	sliceRows   = 64                      // rows stored in one record
	rowBits     = 17
	maxRows     = 1 << rowBits
	minRows     = 1 << 10
	maxSlices   = maxRows / sliceRows
)

// blockSet is a set of the blocks of a segment.
type blockSet [blocks / 64]uint64

func (s *blockSet) has(block int) bool { return s[block/64]>>(block%64)&1 == 1 }

func allBlocks() blockSet { return blockSet{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)} }

// textIndex is the text index of a segment while it is built.
type textIndex struct {
	rows []blockSet // their number is a power of two
	text journal.Folded
}

func newTextIndex() *textIndex { return &textIndex{rows: make([]blockSet, maxRows)} }

// reset empties the text index for another segment.
func (v *textIndex) reset() {
	v.rows = v.rows[:maxRows]
	clear(v.rows)
}

// add adds a capture.
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

// longGram makes the hash of a gram of four bytes differ from that of three.
const longGram = 0x9e3779b9

// hash returns a number below maxRows. All its bits are equally well distributed.
func hash(gram uint32) uint32 { return gram * 0x85ebca6b >> (32 - rowBits) }

// shrink halves the table, by combining the rows of both halves, as long as at most a quarter of
// the bits are set.
func (v *textIndex) shrink() {
	for len(v.rows) > minRows {
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

// slices returns the number of slices of the text index.
func (v *textIndex) slices() int { return len(v.rows) / sliceRows }

// slice appends slice n to dst as it is stored.
func (v *textIndex) slice(dst []byte, n int) []byte {
	for _, row := range v.rows[n*sliceRows:][:sliceRows] {
		for _, word := range row {
			dst = binary.LittleEndian.AppendUint64(dst, word)
		}
	}
	return dst
}

// maxGrams is how many grams of a search are looked up. More would hardly rule out more blocks.
const maxGrams = 16

// gramsOf returns hashes of grams that all captures with the folded texts contain: grams of four
// bytes, or of three for a text of three.
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
	if step := len(grams) / maxGrams; step > 0 { // spread over all texts
		for i := range maxGrams {
			grams[i] = grams[i*len(grams)/maxGrams]
		}
		grams = grams[:maxGrams]
	}
	return grams
}

// filter removes the blocks whose bit is not set in the row of a gram. rows is the slice with that
// row. It reports whether any block is left.
func (s *blockSet) filter(rows []byte, gram uint32) bool {
	row := rows[int(gram)%sliceRows*rowSize:][:rowSize]
	left := uint64(0)
	for i := range s {
		s[i] &= binary.LittleEndian.Uint64(row[i*8:])
		left |= s[i]
	}
	return left != 0
}

// sliceOf returns the id of the slice with a gram's row, in a text index with that many slices.
func sliceOf(segment int64, slices int, gram uint32) int64 {
	return segment*maxSlices + int64(int(gram)/sliceRows%slices)
}
