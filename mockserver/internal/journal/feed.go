package journal

import "sync"

// FeedSize is how many changes a Feed keeps for those who have not read them yet.
const FeedSize = 8192

// Feed tells any number of watches what a store has committed. The zero Feed is ready. It keeps
// changes only while somebody watches.
type Feed struct {
	mu     sync.Mutex
	closed bool
	last   uint64       // number of the newest change
	log    ring[Change] // the newest changes, the last of which has the number last
	topics map[Filter]*topic
	dirty  []*topic // whose watches Wake wakes
}

// topic has all watches with the same filter.
type topic struct {
	last    uint64 // number of the newest change that the filter selects, or a higher one before there is any
	watches map[*Watch]struct{}
	dirty   bool
}

// Watch returns a watch of the changes that are added from now on and that the filter selects.
// Close it.
func (f *Feed) Watch(filter Filter) *Watch {
	f.mu.Lock()
	defer f.mu.Unlock()
	w := &Watch{feed: f, filter: filter, read: f.last, wake: make(chan struct{}, 1)}
	if f.closed {
		close(w.wake)
		return w
	}
	t := f.topics[filter]
	if t == nil {
		t = &topic{last: f.last, watches: map[*Watch]struct{}{}}
		if f.topics == nil {
			f.topics = map[Filter]*topic{}
		}
		f.topics[filter] = t
	}
	t.watches[w] = struct{}{}
	w.topic = t
	return w
}

// Add adds changes in the order of their commits. Call Wake afterwards, without the locks that
// readers need.
func (f *Feed) Add(changes ...Change) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.topics) == 0 {
		f.last += uint64(len(changes))
		return
	}
	for i := range changes {
		f.last++
		f.log.push(changes[i])
		if f.log.len() > FeedSize {
			f.log.pop()
		}
		f.mark(Filter{})
		f.mark(changes[i].filter())
	}
}

// mark notes that the newest change is of a topic.
func (f *Feed) mark(filter Filter) {
	t := f.topics[filter]
	if t == nil {
		return
	}
	t.last = f.last
	if !t.dirty {
		t.dirty = true
		f.dirty = append(f.dirty, t)
	}
}

// Wake wakes the watches that the changes added since the last Wake concern.
func (f *Feed) Wake() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, t := range f.dirty {
		t.dirty = false
		f.dirty[i] = nil
		for w := range t.watches {
			select {
			case w.wake <- struct{}{}:
			default: // it is awake already
			}
		}
	}
	f.dirty = f.dirty[:0]
}

// Close wakes all watches, those of the future too.
func (f *Feed) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return
	}
	f.closed = true
	for _, t := range f.topics {
		for w := range t.watches {
			close(w.wake)
		}
	}
	f.topics, f.dirty, f.log = nil, nil, ring[Change]{}
}

// Watch receives the changes that its filter selects. One goroutine uses it.
type Watch struct {
	feed   *Feed
	filter Filter
	topic  *topic // nil: the store was closed before
	read   uint64 // number of the newest change that Next has looked at
	wake   chan struct{}
}

// C receives a value after each change, or after several of them, and is closed with the store.
// Look, wait for C, look again: nothing is missed.
func (w *Watch) C() <-chan struct{} { return w.wake }

// At returns a number that grows with each change that the filter selects. It is the same for all
// watches with the same filter: what was read after one of them got a number is as new as what
// another reads after it got the same number.
func (w *Watch) At() uint64 {
	w.feed.mu.Lock()
	defer w.feed.mu.Unlock()
	if w.topic == nil {
		return 0
	}
	return w.topic.last
}

// Next returns the changes since the last call, oldest first. Missed says that there were more than
// the feed keeps: some changes are not returned, so read again whatever depends on them.
func (w *Watch) Next() (changes []Change, missed bool) {
	f := w.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	if w.topic == nil || w.topic.last <= w.read {
		w.read = f.last
		return nil, false
	}
	first := f.last - uint64(f.log.len()) + 1
	missed = w.read+1 < first
	for i := max(first, w.read+1) - first; i < uint64(f.log.len()); i++ {
		if c := f.log.at(int(i)); w.filter.selects(c) {
			changes = append(changes, *c)
		}
	}
	w.read = f.last
	return changes, missed
}

// Close ends the watch. Closing twice is fine.
func (w *Watch) Close() {
	f := w.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed || w.topic == nil {
		return
	}
	delete(w.topic.watches, w)
	if len(w.topic.watches) == 0 && f.topics[w.filter] == w.topic {
		delete(f.topics, w.filter)
	}
	w.topic = nil
	if len(f.topics) == 0 {
		f.log = ring[Change]{}
	}
}
