package textindex

import (
	"encoding/binary"
	"math/bits"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// These are the sizes of an index.
const (
	SegmentSize = 4096                    // captures
	BlockSize   = 16                      // captures
	Blocks      = SegmentSize / BlockSize // in a segment
	RowSize     = Blocks / 8              // bytes
	SliceRows   = 64                      // rows in a slice
	MaxSlices   = maxRows / SliceRows
	rowBits     = 17
	maxRows     = 1 << rowBits
	minRows     = 1 << 10

	// MinIndexed is the smallest number of captures for which a segment gets an index.
	MinIndexed = SegmentSize / 16
)

// Set is a set of the blocks of a segment.
type Set [Blocks / 64]uint64

// Has reports whether the set has a block.
func (s *Set) Has(block int) bool { return s[block/64]>>(block%64)&1 == 1 }

// All returns the set of all blocks.
func All() Set { return Set{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)} }

// Index is the text index of a segment while it is built.
type Index struct {
	rows []Set // their number is a power of two
	text journal.Folded
}

// New returns an empty index, which can be used for several segments.
func New() *Index { return &Index{rows: make([]Set, maxRows)} }

// Reset empties the index for another segment.
func (v *Index) Reset() {
	v.rows = v.rows[:maxRows]
	clear(v.rows)
}

// Add adds a capture. All captures since the last Reset must be of one segment.
func (v *Index) Add(c *journal.Capture) {
	block := int(c.Seq%SegmentSize) / BlockSize
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

// Shrink halves the table, by combining the rows of both halves, as long as at most a quarter of
// the bits are set.
func (v *Index) Shrink() {
	for len(v.rows) > minRows {
		half := len(v.rows) / 2
		set := 0
		for i := range half {
			for j := range v.rows[i] {
				set += bits.OnesCount64(v.rows[i][j] | v.rows[half+i][j])
			}
		}
		if set > half*Blocks/4 {
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

// Slices returns the number of slices of the index.
func (v *Index) Slices() int { return len(v.rows) / SliceRows }

// Slice appends slice n to dst as it is stored.
func (v *Index) Slice(dst []byte, n int) []byte {
	for _, row := range v.rows[n*SliceRows:][:SliceRows] {
		for _, word := range row {
			dst = binary.LittleEndian.AppendUint64(dst, word)
		}
	}
	return dst
}

// maxGrams is how many grams of a search are looked up. More would hardly rule out more blocks.
const maxGrams = 16

// GramsOf returns hashes of grams that all captures with the folded texts contain: grams of four
// bytes, or of three for a text of three.
func GramsOf(texts [][]byte) []uint32 {
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

// Filter removes the blocks whose bit is not set in a row. It reports whether any block is left.
func (s *Set) Filter(row []byte) bool {
	left := uint64(0)
	for i := range s {
		s[i] &= binary.LittleEndian.Uint64(row[i*8:])
		left |= s[i]
	}
	return left != 0
}

// Row returns the row of a gram in its slice.
func Row(slice []byte, gram uint32) []byte { return slice[int(gram)%SliceRows*RowSize:][:RowSize] }

// SliceOf returns the id of the slice with a gram's row, in a text index with that many slices.
func SliceOf(segment int64, slices int, gram uint32) int64 {
	return segment*MaxSlices + int64(int(gram)/SliceRows%slices)
}
