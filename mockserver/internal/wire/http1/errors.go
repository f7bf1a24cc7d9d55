package http1

import (
	"errors"

	"github.com/hookrig/hookrig/internal/clip"
	"github.com/hookrig/hookrig/internal/redact"
)

// Malformed says what in a message is not HTTP/1.x, where, and what was expected.
type Malformed string

// Error returns the text after "malformed: ".
func (m Malformed) Error() string { return "malformed: " + string(m) }

// TooLarge says which part of a message, other than the body, exceeds its limit.
type TooLarge string

// Error returns the text after "too large: ".
func (t TooLarge) Error() string { return "too large: " + string(t) }

// ErrLong: a head or a body exceeds its limit; the bytes within it were read.
var ErrLong = errors.New("too large")

// quote quotes a line of a message without its secret: errors are shown to people.
func quote(line string) string { return clip.Quote(redact.Line(line)) }
