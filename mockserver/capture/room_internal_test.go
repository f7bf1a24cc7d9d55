package capture

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// Connections share the room: who finds none waits until another one gives some back, and one at a time may go beyond it, so
// that several with a part each never wait for each other.
func TestRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newRoom(100)
		var a, b, c share
		a.room, b.room, c.room = m, m, m
		if a.take(60) || b.take(40) {
			t.Error("they waited, and there was room")
		}
		if a.take(500) || a.take(1) { // beyond it
			t.Error("the first one beyond it waited")
		}
		var done atomic.Int32
		go func() { b.take(10); done.Add(1) }()
		go func() { c.take(30); done.Add(1) }()
		synctest.Wait()
		if done.Load() > 0 {
			t.Fatal("somebody went on, and there was no room")
		}
		a.giveBack() // 60: enough for both
		synctest.Wait()
		if done.Load() != 2 {
			t.Errorf("%d went on, and there was room for both", done.Load())
		}
		b.giveBack()
		c.giveBack()
		c.giveBack() // twice is fine
		if m.free != 100 || m.beyond {
			t.Errorf("%d free, beyond %v; want all 100 back", m.free, m.beyond)
		}
		a.take(100)
		b.take(1) // beyond it
		go func() { c.take(1); done.Add(1) }()
		synctest.Wait()
		m.close()
		synctest.Wait()
		if done.Load() != 3 {
			t.Error("it waits on after close")
		}
	})
}
