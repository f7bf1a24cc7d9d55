package jq

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"

	"github.com/hookrig/hookrig/internal/clip"

	"github.com/itchyny/gojq"
)

// These are sizes of values in bytes. They are close to the memory of a value, so they also measure
// the time to walk it.
const (
	elementBytes = 40  // of an array that grows, including the number in it
	memberBytes  = 64  // of an object, without the value
	frameBytes   = 256 // of a call that is not a tail call
	maxDepth     = 10_000
	maxDigits    = 10_000 // of a number in a calculation
)

// tooMuch is more than any budget.
const tooMuch = math.MaxInt64 / 1024

// measure returns the size of a value in bytes, without sharing: the cost of writing it. It returns
// tooMuch for a value that is nested too deeply or larger than the rest of the budget.
func (b *budget) measure(v any) int64 {
	left := max(b.work, b.memory)
	if !measure(v, &left, maxDepth) {
		return tooMuch
	}
	return max(b.work, b.memory) - left
}

// measure subtracts the size of v from left and reports whether that was enough.
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

// digitsCost returns the cost of calculating with a number of n digits.
func digitsCost(n int) int64 {
	if n > maxDigits {
		return tooMuch
	}
	return int64(n) + int64(n)*int64(n)/64
}

// shallow returns the size of a value without its items.
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

// numberCost refuses a number that is slow to calculate with.
func numberCost(v any) (memory, work int64) {
	switch v := v.(type) {
	case json.Number:
		return 0, digitsCost(len(v))
	case *big.Int:
		return 0, digitsCost(v.BitLen() / 3)
	}
	return 0, 0
}

// keyCost refuses a key that is slow to search for.
func keyCost(v any) (memory, work int64) {
	if list, ok := v.([]any); ok && len(list) > 64 {
		return 0, tooMuch
	}
	return numberCost(v)
}

// Text writes a value as JSON, with at most that many runes.
func Text(v any, longest int) string {
	left := int64(64*longest + 1024)
	if !measure(v, &left, maxDepth) {
		return clip.Text(gojq.Preview(v), longest)
	}
	data, err := gojq.Marshal(v)
	if err != nil {
		return clip.Text(fmt.Sprint(v), longest)
	}
	return clip.Text(string(data), longest)
}
