package consumers

import "net/http"

// These methods are what mistakes do with the records, and a right consumer does not.

func (r *records) do(f func(*records)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f(r)
}

func (r *records) knows(e Event) (known bool) {
	r.do(func(r *records) { known = r.seen[e.ID] })
	return known
}

func (r *records) has(entity string) bool { return r.newest(entity).ID != "" }

func (r *records) newest(entity string) (e Event) {
	r.do(func(r *records) { e = r.states[entity] })
	return e
}

// claim marks an event and reports whether it was not marked before.
func (r *records) claim(e Event) (first bool) {
	r.do(func(r *records) {
		first = !r.seen[e.ID]
		r.mark(e)
	})
	return first
}

// insert records an event, whether or not it is known.
func (r *records) insert(e Event) {
	r.do(func(r *records) { delete(r.seen, e.ID) })
	r.add(e)
}

// refusingDuplicates answers with a status to an event that comes again.
func refusingDuplicates(status int) func(*Consumer) {
	return recording(func(c *Consumer, _ *http.Request, e Event) int {
		if e.Known && !c.records.add(e) {
			return status
		}
		return 0
	})
}

// replacing changes which event of an entity is the newest.
func replacing(newer func(e, current Event) bool) func(*Consumer) {
	return recording(func(c *Consumer, _ *http.Request, e Event) int {
		if !e.Known {
			return 0
		}
		current := c.records.newest(e.Entity)
		if c.records.add(e) && newer(e, current) {
			c.records.do(func(r *records) { r.set(e) })
		}
		return 0
	})
}
