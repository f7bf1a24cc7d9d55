package dashboard

// list is how every list is answered. Next is the seq to give as before (or, oldest first, as after) for the next page;
// null when there is none.
type list[T any] struct {
	Items []T     `json:"items"`
	Next  *uint64 `json:"next" required:"true"`
}

// whole answers a list that has no pages. It is never null.
func whole[T any](items []T) *response[list[T]] {
	if items == nil {
		items = []T{}
	}
	return &response[list[T]]{list[T]{Items: items}}
}

// page answers one page of a list; last is the seq of its last record, and more says whether any may follow.
func page[T any](items []T, last uint64, more bool) *response[list[T]] {
	out := whole(items)
	if more {
		out.Body.Next = &last
	}
	return out
}

// A page ends before its limit when its records would be larger than this together, in bytes. The first record is always
// in it.
const maxPage = 16 << 20

// Records are read in batches, the first one small and each up to so many times the one before, so that those of a page
// that ends early are not all in memory.
const (
	firstBatch  = 50
	batchGrowth = 4
)

// gather reads the records of one page, limit of them or largest bytes at most: read returns up to n of those that follow
// last, which is nil at first. more says whether the page ended before the records did, as far as is known.
func gather[T any](limit, largest int, read func(n int, last *T) ([]T, error), size func(*T) int) (items []T, more bool, err error) {
	var last *T
	held := 0
	for batch := min(limit, firstBatch); batch > 0; {
		found, err := read(batch, last)
		if err != nil {
			return nil, false, err
		}
		for i := range found {
			held += size(&found[i])
			if held > largest && len(items) > 0 {
				return items, true, nil
			}
			items = append(items, found[i])
		}
		if len(found) < batch {
			return items, false, nil
		}
		last = &items[len(items)-1]
		mean := held/len(items) + 1
		batch = min(limit-len(items), batch*batchGrowth, (largest-held)/mean+1)
	}
	return items, true, nil
}
