package journal

import (
	"fmt"

	"github.com/hookrig/hookrig/internal/clip"
)

// Bin describes one capture address of a store.
type Bin struct {
	Name    string `json:"name"`
	Count   int    `json:"count"`   // captures held
	Last    uint64 `json:"last"`    // highest seq ever given in it
	Evicted uint64 `json:"evicted"` // captures that the ring dropped, oldest first
	Cleared uint64 `json:"cleared"` // captures that ClearBin deleted
}

// Stored is how many captures were ever stored in it.
func (b Bin) Stored() uint64 { return uint64(b.Count) + b.Evicted + b.Cleared }

// ReservedBin is the one name that no bin can have although it looks like a bin's: it is the first
// segment of the paths of an API that makes bins.
const ReservedBin = "token"

const longestBin = 128

// IsBin says whether name looks like a bin's.
func IsBin(name string) bool {
	if name == "" || len(name) > longestBin || name[0] == '.' {
		return false
	}
	for i := range len(name) {
		c := name[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.') {
			return false
		}
	}
	return true
}

// CheckBin refuses a name that no bin can have, except ReservedBin: a bin that got that name before
// it was reserved can be read and deleted. Errors wrap ErrInvalid.
func CheckBin(name string) error {
	if !IsBin(name) {
		return fmt.Errorf("%w bin %s: want 1 to %d letters, digits, \"-\", \"_\" or \".\", not a \".\" first", ErrInvalid, clip.Quote(name), longestBin)
	}
	return nil
}

// CheckNewBin refuses a name that no bin can have, and ReservedBin. Errors wrap ErrInvalid.
func CheckNewBin(name string) error {
	if name == ReservedBin {
		return fmt.Errorf("%w bin %s: the name belongs to an API that makes bins; take another one", ErrInvalid, clip.Quote(name))
	}
	return CheckBin(name)
}
