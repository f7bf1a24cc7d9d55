// Package memory bounds how much memory several goroutines use together.
//
// A Room has a number of bytes. Each user takes from it through a Share, waits while there is no
// room, and gives back everything at once. One user at a time may exceed the bound: otherwise
// several users that each have a part could wait for each other forever.
package memory

import "sync"

// Room is a number of bytes that users share. A nil Room has no bound.
type Room struct {
	mu     sync.Mutex
	freed  sync.Cond
	free   int64
	beyond bool // one user exceeds the bound
	closed bool // nobody waits any more
}

// NewRoom returns a Room of that many bytes.
func NewRoom(bytes int64) *Room {
	m := &Room{free: bytes}
	m.freed.L = &m.mu
	return m
}

// Close ends all waits, now and later. Users keep their bytes.
func (m *Room) Close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	m.freed.Broadcast()
}

// Share returns an empty share of the room.
func (m *Room) Share() Share { return Share{room: m} }

// Share is what one user has taken from a Room. The zero Share is empty and has no bound.
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

// Empty reports whether the share has taken nothing.
func (s *Share) Empty() bool { return s.room == nil || s.bytes == 0 && !s.beyond }

// GiveBack gives back everything that the share has taken.
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
