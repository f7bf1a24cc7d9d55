package burst

import (
	"math"
	"testing"
)

// A rotation has each choice as often as its weight says, also over a short stretch, and counts
// those before.
func TestRotation(t *testing.T) {
	t.Parallel()
	for _, weights := range [][]float64{{1}, {1, 1, 1}, {5, 1}, {2, 4}, {0.5, 0.25, 0.25}, {999, 1}, {1e-3, 1}, {7, 11, 13, 1e6}} {
		r, sum := newRotation(weights), 0.0
		for _, w := range weights {
			sum += w
		}
		seen := make([]uint64, len(weights))
		const n = 10_000
		for i := range uint64(n) {
			choice, before := r.at(i)
			if before != seen[choice] {
				t.Fatalf("%v: index %d: %d before, want %d", weights, i, before, seen[choice])
			}
			seen[choice]++
		}
		for i, w := range weights {
			if got, want := float64(seen[i]), n*w/sum; math.Abs(got-want) > 12 {
				t.Errorf("%v: choice %d came %v times, want %v", weights, i, got, want)
			}
		}
	}
	if r := newRotation([]float64{2, 2, 2}); len(r.choices) != 3 {
		t.Errorf("equal weights take a round of %d", len(r.choices))
	}
}
