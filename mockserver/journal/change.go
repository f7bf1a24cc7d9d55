package journal

import "sync"

// Change tells any number of waiters that something was stored. The zero
// Change is ready. Telling costs next to nothing while nobody waits.
type Change struct {
	mu     sync.Mutex
	next   chan struct{}
	closed bool
}

// Next returns a channel that is closed at the next Tell, or is closed already after Close.
func (c *Change) Next() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.next == nil {
		c.next = make(chan struct{})
	}
	return c.next
}

// Tell wakes all who wait.
func (c *Change) Tell() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.next != nil && !c.closed {
		close(c.next)
		c.next = nil
	}
}

// Close wakes all who wait and all who ever will.
func (c *Change) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	c.closed = true
	if c.next == nil {
		c.next = make(chan struct{})
	}
	close(c.next)
}
