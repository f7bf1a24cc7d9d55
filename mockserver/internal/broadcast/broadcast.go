// Package broadcast wakes any number of goroutines at once.
package broadcast

import "sync"

// Broadcast wakes all waiting goroutines. The zero Broadcast is ready to use. Tell is cheap while
// no goroutine waits.
type Broadcast struct {
	mu     sync.Mutex
	next   chan struct{}
	closed bool
}

// Next returns a channel that the next Tell or Close closes. To miss nothing, get the channel,
// check the state, then wait for the channel.
func (b *Broadcast) Next() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next == nil {
		b.next = make(chan struct{})
	}
	return b.next
}

// Tell wakes all waiting goroutines.
func (b *Broadcast) Tell() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next != nil && !b.closed {
		close(b.next)
		b.next = nil
	}
}

// Close wakes all goroutines that wait now or later. You may call it twice.
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
