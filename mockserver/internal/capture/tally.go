package capture

import "sync/atomic"

// Counts are what a Server has seen since it was started.
type Counts struct {
	Captured uint64 `json:"captured"` // requests stored, those with problems included
	Problems uint64 `json:"problems"` // of them, those aborted, too large or malformed
	Unstored uint64 `json:"unstored"` // requests that the store did not take; answered 507 or 500
	Strays   uint64 `json:"strays"`   // requests that named no bin; answered, not stored
	Refused  uint64 `json:"refused"`  // connections beyond MaxConns; answered 503, or ended when they are to speak TLS
	Unshaken uint64 `json:"unshaken"` // connections that did not agree on TLS, or wanted it where none is spoken
}

// Counts returns the counts so far.
func (s *Server) Counts() Counts {
	return Counts{
		Captured: s.tally.captured.Load(), Problems: s.tally.problems.Load(), Unstored: s.tally.unstored.Load(),
		Strays: s.tally.strays.Load(), Refused: s.tally.refused.Load(), Unshaken: s.tally.unshaken.Load(),
	}
}

type tally struct{ captured, problems, unstored, strays, refused, unshaken atomic.Uint64 }
