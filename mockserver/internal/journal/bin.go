package journal

import (
	"fmt"

	"github.com/hookrig/hookrig/internal/clip"
)

// Bin describes one capture address of a store.
type Bin struct {
	Name    string `json:"name"`
	Count   int    `json:"count"`   // captures in it
	Last    uint64 `json:"last"`    // highest seq of a capture, including deleted ones
	Evicted uint64 `json:"evicted"` // captures that were evicted, oldest first
	Cleared uint64 `json:"cleared"` // captures that were deleted on request
}

// Stored returns how many captures were ever stored in the bin.
func (b Bin) Stored() uint64 { return uint64(b.Count) + b.Evicted + b.Cleared }

// ReservedBin is a name that no new bin can have: the paths of an API that creates bins begin with
// it.
const ReservedBin = "token"

const maxBinName = 128

// IsBin reports whether name is a valid name of a bin.
func IsBin(name string) bool {
	if name == "" || len(name) > maxBinName || name[0] == '.' {
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

// CheckBin returns an error that wraps ErrInvalid if name is not a valid name of a bin. It accepts
// ReservedBin, because an older bin may have that name and can be read and deleted.
func CheckBin(name string) error {
	if !IsBin(name) {
		return fmt.Errorf("%w bin %s: want 1 to %d letters, digits, \"-\", \"_\" or \".\", not a \".\" first", ErrInvalid, clip.Quote(name), maxBinName)
	}
	return nil
}

// CheckNewBin returns an error that wraps ErrInvalid if no new bin can have the name.
func CheckNewBin(name string) error {
	if name == ReservedBin {
		return fmt.Errorf("%w bin %s: this name is reserved for an API that creates bins; choose another one", ErrInvalid, clip.Quote(name))
	}
	return CheckBin(name)
}
