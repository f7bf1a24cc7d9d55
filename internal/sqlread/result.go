package sqlread

import (
	"errors"
	"fmt"
)

// ErrTooLarge means that a query returned more than the bounds of a result allow.
var ErrTooLarge = errors.New("the result of the query is too large")

// Bounds of a result. The bytes are those of its values and the names of its columns.
const (
	maxRows  = 10_000
	maxBytes = 16 << 20
)

// result collects the rows of a query.
type result struct {
	rows  []map[string]any
	bytes int
}

func newResult() *result { return &result{rows: []map[string]any{}} }

// add adds a row, unless the result is then too large.
func (r *result) add(row map[string]any) error {
	if len(r.rows) == maxRows {
		return fmt.Errorf("%w: more than %d rows: narrow it", ErrTooLarge, maxRows)
	}
	if r.bytes += size(row); r.bytes > maxBytes {
		return fmt.Errorf("%w: more than %d MiB in %d rows: select fewer columns or rows", ErrTooLarge, maxBytes>>20, len(r.rows)+1)
	}
	r.rows = append(r.rows, row)
	return nil
}

// size returns the bytes of a value, about.
func size(v any) int {
	const scalar = 8
	n := scalar
	switch v := v.(type) {
	case string:
		n += len(v)
	case []any:
		for _, one := range v {
			n += size(one)
		}
	case map[string]any:
		for name, one := range v {
			n += len(name) + size(one)
		}
	}
	return n
}
