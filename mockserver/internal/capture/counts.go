package capture

import "sync/atomic"

// Counts are what a Server has counted since its start.
type Counts struct {
	Captured uint64 `json:"captured"` // requests stored, those with problems included
	Problems uint64 `json:"problems"` // those of them that were aborted, too large or malformed
	Unstored uint64 `json:"unstored"` // requests that the store rejected; answered 507 or 500
	Strays   uint64 `json:"strays"`   // requests that named no bin; answered, not stored
	// connections beyond MaxConns; answered 503, or closed when they use TLS
	Refused uint64 `json:"refused"`
	// failed TLS handshakes, and TLS connections to the address without TLS
	TLSFailed uint64 `json:"tls_failed"`
}

// Counts returns the counts so far.
func (s *Server) Counts() Counts {
	return Counts{
		Captured: s.counters.captured.Load(), Problems: s.counters.problems.Load(), Unstored: s.counters.unstored.Load(),
		Strays: s.counters.strays.Load(), Refused: s.counters.refused.Load(), TLSFailed: s.counters.tlsFailed.Load(),
	}
}

type counters struct{ captured, problems, unstored, strays, refused, tlsFailed atomic.Uint64 }
