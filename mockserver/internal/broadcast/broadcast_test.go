package broadcast

import (
	"sync"
	"testing"
)

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestBroadcast(t *testing.T) {
	t.Parallel()
	var b Broadcast
	b.Tell() // nobody waits
	first := b.Next()
	if isClosed(first) {
		t.Error("it is woken before anything happened")
	}
	b.Tell()
	second := b.Next()
	if !isClosed(first) || isClosed(second) {
		t.Error("want only the first waiter to be woken")
	}
	b.Close()
	b.Close()
	b.Tell()
	if !isClosed(second) || !isClosed(b.Next()) {
		t.Error("Close does not wake the waiter")
	}
}

// TestNothingIsMissed checks that a goroutine that gets the channel, checks and then waits misses
// nothing.
func TestNothingIsMissed(t *testing.T) {
	t.Parallel()
	var b Broadcast
	var mu sync.Mutex
	happened := 0
	const all = 1000
	var waiters sync.WaitGroup
	for range 8 {
		waiters.Go(func() {
			for {
				next := b.Next()
				mu.Lock()
				done := happened == all
				mu.Unlock()
				if done {
					return
				}
				<-next
			}
		})
	}
	for range all {
		mu.Lock()
		happened++
		mu.Unlock()
		b.Tell()
	}
	waiters.Wait()
}
