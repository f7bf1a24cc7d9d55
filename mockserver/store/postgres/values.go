package postgres

import (
	"encoding/binary"
	"math"
)

// All values are in PostgreSQL's binary format: integers of 8 bytes in network order, bytea as it
// is, and arrays of both.

// These are the numbers of types in arrays: pg_type.dat of PostgreSQL.
const (
	typeBytea = 17
	typeInt8  = 20
)

// number returns an integer. Numbers that do not fit are the largest one.
func number[N int | int64 | uint64](n N) []byte {
	if n > 0 && uint64(n) > math.MaxInt64 {
		return binary.BigEndian.AppendUint64(nil, math.MaxInt64)
	}
	return binary.BigEndian.AppendUint64(nil, uint64(n))
}

// text returns a value that is not null.
func text[T ~string | ~[]byte](value T) []byte { return append([]byte{}, value...) }

// integer reads a bigint. It returns 0 for null.
func integer(value []byte) int64 {
	if len(value) != 8 {
		return 0
	}
	return int64(binary.BigEndian.Uint64(value))
}

// array is a list of values in one parameter.
type array struct {
	data []byte
}

// arrayHeader is the length of the header of an array with one dimension.
const arrayHeader = 5 * 4

// newArray returns an empty array for elements of a type.
func newArray(element uint32, capacity int) *array {
	a := &array{data: make([]byte, 0, arrayHeader+capacity)}
	for _, field := range []uint32{1, 0, element, 0, 1} { // dimensions, has nulls, type, length, first index
		a.data = binary.BigEndian.AppendUint32(a.data, field)
	}
	return a
}

// len returns the number of elements.
func (a *array) len() int { return int(binary.BigEndian.Uint32(a.data[12:])) }

func (a *array) grow() { binary.BigEndian.PutUint32(a.data[12:], uint32(a.len()+1)) }

// addNumber appends an integer.
func (a *array) addNumber(n int64) {
	a.grow()
	a.data = binary.BigEndian.AppendUint32(a.data, 8)
	a.data = binary.BigEndian.AppendUint64(a.data, uint64(n))
}

// addBytes appends bytes.
func (a *array) addBytes(value []byte) {
	a.grow()
	a.data = binary.BigEndian.AppendUint32(a.data, uint32(len(value)))
	a.data = append(a.data, value...)
}

// numbers returns an array of integers.
func numbers[N int64 | uint64](list []N) []byte {
	a := newArray(typeInt8, 12*len(list))
	for _, n := range list {
		a.addNumber(int64(n))
	}
	return a.data
}

// texts returns an array of bytea.
func texts(list []string) []byte {
	a := newArray(typeBytea, 0)
	for _, t := range list {
		a.addBytes([]byte(t))
	}
	return a.data
}
