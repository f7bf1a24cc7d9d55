package capture

import (
	"reflect"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
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

// Bodies that take much memory to read are read one after the other, others at once.
func TestBodiesAreReadInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReads(1 << 20)
		large := &signature.Message{Body: make([]byte, 8<<20)}
		bomb := &signature.Message{Body: make([]byte, 100), Headers: signature.Headers{{Name: "content-encoding", Value: "br"}}}
		first := r.begin(large)
		r.begin(&signature.Message{Body: make([]byte, 1000)}).giveBack()
		var read atomic.Int32
		for _, m := range []*signature.Message{large, bomb} {
			go func() {
				second := r.begin(m)
				read.Add(1)
				second.giveBack()
			}()
		}
		synctest.Wait()
		if n := read.Load(); n != 0 {
			t.Fatalf("%d bodies were read beside a large one", n)
		}
		first.giveBack()
		synctest.Wait()
		if n := read.Load(); n != 2 {
			t.Fatalf("%d of 2 bodies were read", n)
		}
	})
}

// A selection that waits keeps no long text of what it looked at.
func TestSelectionKeepsNoText(t *testing.T) {
	s := &Server{}
	s.conditions.read = newReads(1 << 20)
	of, err := s.newSelection("body:x", "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	c := &journal.Capture{Message: signature.Message{Method: "POST", Target: "/", Body: make([]byte, 4<<20)}}
	if _, err := of.selects(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if !reflect.ValueOf(of.text).IsZero() {
		t.Error("the text is kept")
	}
}
