package dashboard

// list is the JSON of every list. Next is the value of before (or of after, oldest first) for the
// next page; null on the last page.
type list[T any] struct {
	Items []T     `json:"items"`
	Next  *uint64 `json:"next" required:"true"`
}

// fullList responds with a list that has no pages. Its items are never null.
func fullList[T any](items []T) *response[list[T]] {
	if items == nil {
		items = []T{}
	}
	return &response[list[T]]{list[T]{Items: items}}
}

// pageOf responds with one page of a list. last is the seq of its last record, and more says
// whether more may follow.
func pageOf[T any](items []T, last uint64, more bool) *response[list[T]] {
	out := fullList(items)
	if more {
		out.Body.Next = &last
	}
	return out
}

// maxPageBytes bounds the records of a page, in bytes. A page ends before its limit to stay below
// it, but always has one record.
const maxPageBytes = 16 << 20

// Records are read in batches that start small and grow up to fourfold, so that a page that ends
// early does not read all its records into memory.
const (
	firstBatch  = 50
	batchGrowth = 4
)

// gather reads the records of one page: at most limit records and largest bytes. read returns up to
// n of the records after last; last is nil at first. more reports whether there may be more records
// after the page.
func gather[T any](limit, largest int, read func(n int, last *T) ([]T, error), size func(*T) int) (items []T, more bool, err error) {
	var last *T
	total := 0
	for batch := min(limit, firstBatch); batch > 0; {
		found, err := read(batch, last)
		if err != nil {
			return nil, false, err
		}
		for i := range found {
			total += size(&found[i])
			if total > largest && len(items) > 0 {
				return items, true, nil
			}
			items = append(items, found[i])
		}
		if len(found) < batch {
			return items, false, nil
		}
		last = &items[len(items)-1]
		mean := total/len(items) + 1
		batch = min(limit-len(items), batch*batchGrowth, (largest-total)/mean+1)
	}
	return items, true, nil
}
