package exam

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
)

// randomSeed returns a random seed. It is short, so that people can type it.
func randomSeed() uint64 {
	for {
		var b [4]byte
		_, _ = rand.Read(b[:]) // it never fails
		if seed := uint64(binary.LittleEndian.Uint32(b[:])); seed != 0 {
			return seed
		}
	}
}

// reseed makes a good delivery with a random seed, for a consumer that may have had the events of
// the given one: it refuses them, or does nothing with them. is reports whether that helped; if
// not, the exam goes on with the given seed.
func (e *Exam) reseed(ctx context.Context, why string, is func(attempt) (bool, error)) error {
	given := e.seed
	e.seed = randomSeed()
	a, err := e.deliver(ctx)
	if err != nil {
		return err
	}
	ok, err := is(a)
	if err != nil || !ok {
		e.seed = given
		return err
	}
	e.notes = append(e.notes, fmt.Sprintf("%s, as if it knew the events of seed %d: the checks deliver those of seed %d", why, given, e.seed))
	return nil
}
