package wire

import "time"

// Manner is how a request is written when it is not simply written at once. The zero Manner writes
// it in one write and reads the response. Offsets and sizes count bytes of the body as it is
// written.
type Manner struct {
	// Chunks are the sizes of the chunks of a chunked body, in turn; the last one repeats. None is
	// one chunk.
	Chunks []int
	// Pauses are places of the body, in ascending order, at which writing pauses for 50 ms, so
	// that the consumer reads the parts separately.
	Pauses []int
	// Rate is how many bytes of the body are written in a second; 0 is all at once.
	Rate int
	// Continue waits for 100 Continue before it writes the body, for a second at most.
	Continue bool
	// Copies is how often the request is written, one right after the other; 0 is once. Of several
	// responses the last one is the result.
	Copies int
	// End is what follows the last byte.
	End End
	// BreakTLS spoils the TLS handshake, so that nothing is sent.
	BreakTLS bool
	// Ready is called when the connection is open, before the first byte is written.
	Ready func()
	// Check is called right before the first byte is written, and nothing is sent if it fails.
	Check func() error
}

// End is what follows the last byte of a request.
type End string

// The ends. The zero End reads the response.
const (
	// Stall keeps the connection open without sending more, until a response or the end of the
	// context.
	Stall End = "stall"
	// Reset resets the connection (RST) as soon as the peer has acknowledged all bytes.
	Reset End = "reset"
	// HalfClose closes the writing side (FIN) and reads the response.
	HalfClose End = "half_close"
)

// plain reports whether the request is written at once.
func (m *Manner) plain() bool {
	return m.Chunks == nil && m.Pauses == nil && m.Rate == 0 && !m.Continue && m.Copies <= 1 && m.End == "" && m.Ready == nil
}

// Special reports whether the manner is another than the zero one, so that a Conn cannot send the
// request.
func (m *Manner) Special() bool { return !m.plain() || m.BreakTLS }

// The waits of a Manner.
const (
	pause           = 50 * time.Millisecond // long enough that a consumer reads the parts separately
	continueTimeout = time.Second
	dripEvery       = 100 * time.Millisecond
)

// piece is a part of a request that is written at once, and the wait before it.
type piece struct {
	bytes  []byte
	before time.Duration
}

// pieces splits a request whose head ends at an offset.
func (m *Manner) pieces(raw []byte, head int) []piece {
	if m.Rate > 0 {
		size, wait := m.Rate/int(time.Second/dripEvery), dripEvery
		if size == 0 {
			size, wait = 1, time.Second/time.Duration(m.Rate)
		}
		list := []piece{{bytes: raw[:head]}}
		for at := head; at < len(raw); at += size {
			list = append(list, piece{raw[at:min(at+size, len(raw))], wait})
		}
		return list
	}
	var list []piece
	from, wait := 0, time.Duration(0)
	if m.Continue {
		list, from = append(list, piece{bytes: raw[:head]}), head
	}
	for _, at := range m.Pauses {
		if at = head + at; at > from && at < len(raw) {
			list = append(list, piece{raw[from:at], wait})
			from, wait = at, pause
		}
	}
	return append(list, piece{raw[from:], wait})
}
