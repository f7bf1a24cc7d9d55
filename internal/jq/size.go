package jq

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"

	"github.com/hookrig/hookrig/internal/clip"

	"github.com/itchyny/gojq"
)

// What values take, in bytes: about what they cost in memory, so that it is also a measure of the time to walk them.
const (
	elementBytes = 40  // of an array that grows, with the number in it
	memberBytes  = 64  // of an object, without the value
	frameBytes   = 256 // of a call that is not the last one
	mostDepth    = 10_000
	mostDigits   = 10_000 // of a number that is reckoned with
)

// tooMuch is more than any budget has.
const tooMuch = math.MaxInt64 / 1024

// measure is the size of a value, in bytes, as if nothing in it were shared: what it costs to write it. It is tooMuch when it is
// nested too deeply, or larger than what the budget has left.
func (b *budget) measure(v any) int64 {
	left := max(b.work, b.memory)
	if !measure(v, &left, mostDepth) {
		return tooMuch
	}
	return max(b.work, b.memory) - left
}

// measure takes the size of v from left, and reports whether there was enough.
func measure(v any, left *int64, depth int) bool {
	*left -= 16
	switch v := v.(type) {
	case string:
		*left -= int64(len(v))
	case json.Number:
		*left -= digitsCost(len(v))
	case *big.Int:
		*left -= digitsCost(v.BitLen() / 3)
	case []any:
		if depth == 0 {
			return false
		}
		for _, item := range v {
			if *left < 0 || !measure(item, left, depth-1) {
				return false
			}
		}
	case map[string]any:
		if depth == 0 {
			return false
		}
		for name, item := range v {
			*left -= int64(len(name)) + memberBytes
			if *left < 0 || !measure(item, left, depth-1) {
				return false
			}
		}
	}
	return *left >= 0
}

// digitsCost is what it takes to reckon with a number of so many digits.
func digitsCost(n int) int64 {
	if n > mostDigits {
		return tooMuch
	}
	return int64(n) + int64(n)*int64(n)/64
}

// shallow is the size of a value without what is in it.
func shallow(v any) int64 {
	switch v := v.(type) {
	case []any:
		return 16 * int64(len(v))
	case map[string]any:
		return memberBytes * int64(len(v)+1)
	case string:
		return int64(len(v))
	case json.Number:
		return int64(len(v))
	case *big.Int:
		return int64(v.BitLen()/8) + 32
	}
	return 16
}

// numberCost refuses a number that would take long to reckon with.
func numberCost(v any) (memory, work int64) {
	switch v := v.(type) {
	case json.Number:
		return 0, digitsCost(len(v))
	case *big.Int:
		return 0, digitsCost(v.BitLen() / 3)
	}
	return 0, 0
}

// keyCost refuses as a key what would be searched for at length.
func keyCost(v any) (memory, work int64) {
	if list, ok := v.([]any); ok && len(list) > 64 {
		return 0, tooMuch
	}
	return numberCost(v)
}

// Text writes a value as JSON, at most so many runes of it.
func Text(v any, longest int) string {
	left := int64(64*longest + 1024)
	if !measure(v, &left, mostDepth) {
		return clip.Text(gojq.Preview(v), longest)
	}
	data, err := gojq.Marshal(v)
	if err != nil {
		return clip.Text(fmt.Sprint(v), longest)
	}
	return clip.Text(string(data), longest)
}
