// Package memory bounds how much memory many hold together.
//
// A Room has so many bytes. Each holder takes from it through its own Share, waits while there is
// no room, and gives back all that it took at once. One holder at a time may exceed the bound: else
// several that hold a part each would wait for each other.
package memory

import "sync"

// Room is a number of bytes that holders take from together. A nil Room has no bound.
type Room struct {
	mu     sync.Mutex
	freed  sync.Cond
	free   int64
	beyond bool // somebody exceeds the bound
	closed bool // nobody waits any more
}

// NewRoom returns a Room of so many bytes.
func NewRoom(bytes int64) *Room {
	m := &Room{free: bytes}
	m.freed.L = &m.mu
	return m
}

// Close ends all waiting: what has begun goes on.
func (m *Room) Close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	m.freed.Broadcast()
}

// Share returns a share of the room that has nothing yet.
func (m *Room) Share() Share { return Share{room: m} }

// Share is what one holder has of a Room. The zero Share has nothing, and no bound.
type Share struct {
	room   *Room
	bytes  int64
	beyond bool
}

// Take waits until there is room for n more bytes, and reports whether it had to wait.
func (s *Share) Take(n int) (waited bool) {
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

// Empty says whether the share holds nothing of a room.
func (s *Share) Empty() bool { return s.room == nil || s.bytes == 0 && !s.beyond }

// GiveBack gives all of it back.
func (s *Share) GiveBack() {
	if s.Empty() {
		return
	}
	m := s.room
	m.mu.Lock()
	defer m.mu.Unlock()
	m.free += s.bytes
	if s.beyond {
		m.beyond = false
	}
	s.bytes, s.beyond = 0, false
	m.freed.Broadcast()
}
