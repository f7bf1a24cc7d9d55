package journal

// ring is a queue that grows as needed. Index 0 is the oldest item.
type ring[T any] struct {
	items []T // the length is a power of two
	head  int
	size  int
}

func (r *ring[T]) len() int { return r.size }

func (r *ring[T]) at(i int) *T { return &r.items[(r.head+i)&(len(r.items)-1)] }

func (r *ring[T]) push(v T) {
	if r.size == len(r.items) {
		r.resize(max(8, 2*len(r.items)))
	}
	r.size++
	*r.at(r.size - 1) = v
}

// pop removes the oldest item. It clears the slot, so that the item can be collected, and shrinks a
// ring that is mostly empty.
func (r *ring[T]) pop() T {
	var none T
	slot := r.at(0)
	v := *slot
	*slot = none
	r.head = (r.head + 1) & (len(r.items) - 1)
	r.size--
	if len(r.items) > 64 && r.size <= len(r.items)/8 {
		r.resize(len(r.items) / 2)
	}
	return v
}

func (r *ring[T]) resize(to int) {
	items := make([]T, to)
	for i := range r.size {
		items[i] = *r.at(i)
	}
	r.items, r.head = items, 0
}

// search returns the least index whose item meets reached, or len. If an item meets reached, all
// later items must do so too.
func (r *ring[T]) search(reached func(*T) bool) int {
	low, high := 0, r.size
	for low < high {
		middle := int(uint(low+high) >> 1)
		if reached(r.at(middle)) {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low
}
