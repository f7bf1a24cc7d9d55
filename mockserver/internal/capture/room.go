package capture

import (
	"sync"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/internal/content"
)

// room bounds how many bytes of requests the connections hold together that are not stored yet. A connection that finds no
// room waits, so that its sender waits too. One at a time may go beyond it: else several that have
// read a part each would wait for each other.
type room struct {
	mu     sync.Mutex
	freed  sync.Cond
	free   int64
	beyond bool // somebody goes beyond it
	closed bool // nobody waits any more
}

func newRoom(bytes int64) *room {
	m := &room{free: bytes}
	m.freed.L = &m.mu
	return m
}

// close ends all waiting: what is under way is read to its end.
func (m *room) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	m.freed.Broadcast()
}

// share is what one connection has of the room. The zero value has nothing, and a nil room has no bound.
type share struct {
	room   *room
	bytes  int64
	beyond bool
}

// take waits until there is room for n more bytes, and reports whether it had to wait.
func (s *share) take(n int) (waited bool) {
	m := s.room
	if m == nil || n <= 0 {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for {
		switch {
		case m.free >= int64(n):
			m.free -= int64(n)
			s.bytes += int64(n)
			return waited
		case s.beyond || m.closed:
			return waited
		case !m.beyond:
			m.beyond, s.beyond = true, true
			return waited
		}
		waited = true
		m.freed.Wait()
	}
}

// reading takes what it costs to read a message decoded, which is given back after it was read. A message that costs little
// takes nothing.
func (m *room) reading(of *signature.Message) *share {
	s := &share{room: m}
	if n := content.Cost(of); n >= cheap {
		s.take(int(n))
	}
	return s
}

// cheap is a cost that nobody counts, in bytes.
const cheap = 64 << 10

// giveBack gives all of it back.
func (s *share) giveBack() {
	m := s.room
	if m == nil || s.bytes == 0 && !s.beyond {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.free += s.bytes
	if s.beyond {
		m.beyond = false
	}
	s.bytes, s.beyond = 0, false
	m.freed.Broadcast()
}
