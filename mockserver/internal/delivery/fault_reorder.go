package delivery

import (
	"math/rand/v2"
	"slices"
)

// reorder lets events that are emitted together change places. Their first attempts go one at a
// time, in the new order, whatever the provider's ordering is, so that the consumer really gets
// them in that order.
func reorder() kind {
	return kind{
		FaultKind: FaultKind{Name: "reorder", Text: "deliver events that are emitted together in another order, one at a time"},
		check:     noArg,
		whole:     true,
		reorders:  true,
	}
}

// reordered returns the order in which n events go when the marked ones change places: a
// permutation of 0…n-1. A single marked event changes places with the one after it, the last with
// the one before. It is never the order given, unless n < 2 or nothing is marked.
func reordered(n int, marked []int, rng *rand.Rand) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	if n < 2 || len(marked) == 0 {
		return order
	}
	if len(marked) == 1 {
		at := marked[0]
		with := at + 1
		if with == n {
			with = at - 1
		}
		order[at], order[with] = order[with], order[at]
		return order
	}
	from := slices.Clone(marked)
	rng.Shuffle(len(from), func(i, j int) { from[i], from[j] = from[j], from[i] })
	if slices.Equal(from, marked) {
		from[0], from[1] = from[1], from[0]
	}
	for i, at := range marked {
		order[at] = from[i]
	}
	return order
}
