package journal

import "sync"

// FeedSize is how many changes a Feed keeps for watches that have not read them.
const FeedSize = 8192

// Feed reports what a store has committed to any number of watches. The zero Feed is ready to use.
// It keeps changes only while there are watches.
type Feed struct {
	mu     sync.Mutex
	closed bool
	last   uint64       // number of the newest change
	log    ring[Change] // the newest changes, up to the number last
	topics map[Filter]*topic
	dirty  []*topic // topics whose watches Wake wakes
}

// topic has all watches with the same filter.
type topic struct {
	last    uint64 // number of the newest change that the filter selects, at first a higher one
	watches map[*Watch]struct{}
	dirty   bool
}

// Watch returns a watch for the changes that are added from now on and that the filter selects.
// Close the watch.
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

// Miss makes every watch report that it missed changes. A store calls it if it does not know what
// has changed. Call Wake afterwards.
func (f *Feed) Miss() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last++
	f.log = ring[Change]{}
	for filter := range f.topics {
		f.mark(filter)
	}
}

// mark records that the filter selects the newest change.
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

// Wake wakes the watches that select any of the changes since the last Wake.
func (f *Feed) Wake() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, t := range f.dirty {
		t.dirty = false
		f.dirty[i] = nil
		for w := range t.watches {
			select {
			case w.wake <- struct{}{}:
			default: // already woken
			}
		}
	}
	f.dirty = f.dirty[:0]
}

// Close wakes all watches, now and in the future.
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

// Watch receives the changes that its filter selects. Use it in one goroutine.
type Watch struct {
	feed   *Feed
	filter Filter
	topic  *topic // nil if the store was closed before
	read   uint64 // number of the newest change that Next has seen
	wake   chan struct{}
}

// C receives a value after one or more changes and is closed with the store. To miss nothing, read
// the store, wait for C, and read again.
func (w *Watch) C() <-chan struct{} { return w.wake }

// At returns a number that grows with each change that the filter selects. It is the same for all
// watches with the same filter: if two watches return the same number, what you read after one of
// them is as new as what you read after the other.
func (w *Watch) At() uint64 {
	w.feed.mu.Lock()
	defer w.feed.mu.Unlock()
	if w.topic == nil {
		return 0
	}
	return w.topic.last
}

// Next returns the changes since the last call, oldest first. missed means that there were more
// changes than the feed keeps: read everything again that depends on them.
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

// Close ends the watch. You may call it twice.
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
