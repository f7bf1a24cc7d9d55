package burst

import "math"

// rotation repeats a list of choices, each as often as its weight says and spread evenly. The
// choice for an index is known without those before it.
type rotation struct {
	choices []int    // one round
	rank    []uint64 // how many of the same choice come before it in the round
	counts  []uint64 // by choice: how many a round has
}

// maxRound bounds the length of a round: weights are kept to one part in that many.
const maxRound = 1000

// newRotation returns the rotation of weights above 0.
func newRotation(weights []float64) rotation {
	sum, whole := 0.0, true
	for _, w := range weights {
		sum += w
		whole = whole && w == math.Trunc(w)
	}
	length := maxRound
	if whole && sum <= maxRound {
		length = int(sum)
		if divisor := commonDivisor(weights); divisor > 1 {
			length /= divisor
		}
	}
	r := rotation{counts: make([]uint64, len(weights))}
	current := make([]float64, len(weights))
	for range max(length, 1) {
		best := 0
		for i, w := range weights {
			if current[i] += w / sum; current[i] > current[best]+1e-12 {
				best = i
			}
		}
		current[best]--
		r.choices, r.rank = append(r.choices, best), append(r.rank, r.counts[best])
		r.counts[best]++
	}
	return r
}

func commonDivisor(weights []float64) int {
	d := 0
	for _, w := range weights {
		for n := int(w); n > 0; {
			d, n = n, d%n
		}
	}
	return d
}

// at returns the choice for index i, and how many indexes before it have the same choice.
func (r *rotation) at(i uint64) (choice int, before uint64) {
	round, position := i/uint64(len(r.choices)), i%uint64(len(r.choices))
	choice = r.choices[position]
	return choice, round*r.counts[choice] + r.rank[position]
}
