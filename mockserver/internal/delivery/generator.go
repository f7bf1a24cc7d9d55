package delivery

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
)

// generator derives a generator for one purpose, so that what is generated does not depend on the
// order of the draws.
func generator(seed uint64, stream string, index uint64) *rand.Rand {
	buf := make([]byte, 0, 64)
	buf = binary.BigEndian.AppendUint64(buf, seed)
	buf = binary.BigEndian.AppendUint64(buf, index)
	sum := sha256.Sum256(append(buf, stream...))
	return rand.New(rand.NewPCG(binary.BigEndian.Uint64(sum[:]), binary.BigEndian.Uint64(sum[8:])))
}
