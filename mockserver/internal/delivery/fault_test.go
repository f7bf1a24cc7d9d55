package delivery

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestReorderedIsNeverTheOrderGiven(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 20).Draw(t, "n")
		var marked, fixed []int
		for i := range n {
			if rapid.Bool().Draw(t, "marked") {
				marked = append(marked, i)
			} else {
				fixed = append(fixed, i)
			}
		}
		if len(marked) == 0 {
			t.Skip("nothing is marked")
		}
		seed := rapid.Uint64().Draw(t, "seed")
		got := reordered(n, marked, rand.New(rand.NewPCG(seed, 0)))
		if again := reordered(n, marked, rand.New(rand.NewPCG(seed, 0))); !slices.Equal(got, again) {
			t.Fatalf("the same generator gave %v and %v", got, again)
		}
		sorted := slices.Sorted(slices.Values(got))
		identity := true
		for i := range n {
			if sorted[i] != i {
				t.Fatalf("%v is no permutation of 0…%d", got, n-1)
			}
			identity = identity && got[i] == i
		}
		if identity {
			t.Fatalf("%v marked in %d: nothing moved", marked, n)
		}
		if len(marked) > 1 {
			for _, i := range fixed {
				if got[i] != i {
					t.Fatalf("%v marked: %d moved to %v", marked, i, got)
				}
			}
		}
	})
}
