package query

import (
	"reflect"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// Large bodies are read one after the other, others at the same time.
func TestBodiesAreReadInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReadLimits(1 << 20)
		large := &signature.Message{Body: make([]byte, 8<<20)}
		bomb := &signature.Message{Body: make([]byte, 100), Headers: signature.Headers{{Name: "content-encoding", Value: "br"}}}
		first := r.begin(large)
		r.begin(&signature.Message{Body: make([]byte, 1000)}).GiveBack()
		var read atomic.Int32
		for _, m := range []*signature.Message{large, bomb} {
			go func() {
				second := r.begin(m)
				read.Add(1)
				second.GiveBack()
			}()
		}
		synctest.Wait()
		if n := read.Load(); n != 0 {
			t.Fatalf("%d bodies were read beside a large one", n)
		}
		first.GiveBack()
		synctest.Wait()
		if n := read.Load(); n != 2 {
			t.Fatalf("%d of 2 bodies were read", n)
		}
	})
}

// A selection that waits keeps no long text of the captures it read.
func TestSelectionKeepsNoText(t *testing.T) {
	s := New(Options{Memory: 1 << 20})
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
