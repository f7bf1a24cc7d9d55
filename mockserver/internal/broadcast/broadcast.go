// Package broadcast wakes any number of goroutines at once.
package broadcast

import "sync"

// Broadcast tells all who wait that something happened. The zero Broadcast is ready. To tell costs
// next to nothing while nobody waits.
type Broadcast struct {
	mu     sync.Mutex
	next   chan struct{}
	closed bool
}

// Next returns a channel that is closed at the next Tell, or is closed already after Close. Take it,
// look, then wait for it: nothing is missed.
func (b *Broadcast) Next() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next == nil {
		b.next = make(chan struct{})
	}
	return b.next
}

// Tell wakes all who wait.
func (b *Broadcast) Tell() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next != nil && !b.closed {
		close(b.next)
		b.next = nil
	}
}

// Close wakes all who wait and all who ever will. Closing twice is fine.
func (b *Broadcast) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return
	}
	b.closed = true
	if b.next == nil {
		b.next = make(chan struct{})
	}
	close(b.next)
}
