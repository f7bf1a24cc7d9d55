package memory

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// Connections share the room: when it is full, a connection waits until another one gives some
// back. One at a time may exceed it, so that several that each have a part never wait for each
// other.
func TestRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := NewRoom(100)
		var a, b, c Share
		a.room, b.room, c.room = m, m, m
		if a.Take(60) || b.Take(40) {
			t.Error("they waited, and there was room")
		}
		if a.Take(500) || a.Take(1) { // beyond the bound
			t.Error("the first one beyond it waited")
		}
		var done atomic.Int32
		go func() { b.Take(10); done.Add(1) }()
		go func() { c.Take(30); done.Add(1) }()
		synctest.Wait()
		if done.Load() > 0 {
			t.Fatal("somebody went on, and there was no room")
		}
		a.GiveBack() // 60: enough for both
		synctest.Wait()
		if done.Load() != 2 {
			t.Errorf("%d went on, and there was room for both", done.Load())
		}
		b.GiveBack()
		c.GiveBack()
		c.GiveBack() // twice is fine
		if m.free != 100 || m.beyond {
			t.Errorf("%d free, beyond %v; want all 100 back", m.free, m.beyond)
		}
		a.Take(100)
		b.Take(1) // beyond the bound
		go func() { c.Take(1); done.Add(1) }()
		synctest.Wait()
		m.Close()
		synctest.Wait()
		if done.Load() != 3 {
			t.Error("it waits on after close")
		}
	})
}
