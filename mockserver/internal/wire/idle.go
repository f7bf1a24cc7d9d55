package wire

import (
	"slices"
	"sync"
	"time"
)

// Bounds of the idle connections. Servers commonly close idle connections after 5 s or more
// (Node.js: 5 s); a shorter limit makes it unlikely that a request uses a connection that is being
// closed.
const (
	idleAge     = 4 * time.Second
	idlePerHost = 64
	idleTotal   = 256
)

// idlePool stores connections for reuse. The zero idlePool is ready.
type idlePool struct {
	mu      sync.Mutex
	sockets []*socket // in the order in which they became idle
	sweep   *time.Timer
}

// take returns the connection to that destination that was used last and is still open, or nil.
func (p *idlePool) take(to destination) *socket {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := len(p.sockets) - 1; i >= 0; i-- {
		s := p.sockets[i]
		if s.to != to {
			continue
		}
		p.sockets = slices.Delete(p.sockets, i, i+1)
		if time.Since(s.idle) < idleAge && s.probe.reusable() {
			return s
		}
		s.conn.Close()
	}
	return nil
}

// put stores a connection, or closes it when there are enough.
func (p *idlePool) put(s *socket) {
	p.mu.Lock()
	defer p.mu.Unlock()
	same := 0
	for _, other := range p.sockets {
		if other.to == s.to {
			same++
		}
	}
	if same >= idlePerHost || len(p.sockets) >= idleTotal {
		s.conn.Close()
		return
	}
	s.idle = time.Now()
	p.sockets = append(p.sockets, s)
	if len(p.sockets) == 1 {
		p.schedule()
	}
}

// schedule schedules closing the oldest connection. The caller must lock p.mu.
func (p *idlePool) schedule() {
	wait := idleAge - time.Since(p.sockets[0].idle)
	if p.sweep == nil {
		p.sweep = time.AfterFunc(wait, p.expire)
	} else {
		p.sweep.Reset(wait)
	}
}

func (p *idlePool) expire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.sockets) > 0 && time.Since(p.sockets[0].idle) >= idleAge {
		p.sockets[0].conn.Close()
		p.sockets = slices.Delete(p.sockets, 0, 1)
	}
	if len(p.sockets) > 0 {
		p.schedule()
	}
}

func (p *idlePool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.sockets {
		s.conn.Close()
	}
	p.sockets = nil
	if p.sweep != nil {
		p.sweep.Stop()
	}
}
