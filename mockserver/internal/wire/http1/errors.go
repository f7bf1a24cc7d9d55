package http1

import (
	"errors"

	"github.com/hookrig/hookrig/internal/clip"
	"github.com/hookrig/hookrig/internal/redact"
)

// Malformed says what of a message is not HTTP/1.x, where, and what was expected.
type Malformed string

// Error is the text behind "malformed: ".
func (m Malformed) Error() string { return "malformed: " + string(m) }

// TooLarge says what beside the body of a message is larger than its reader takes.
type TooLarge string

// Error is the text behind "too large: ".
func (t TooLarge) Error() string { return "too large: " + string(t) }

// ErrLong: a head or a body is longer than was to be read of it; what was is there.
var ErrLong = errors.New("too large")

// quote quotes a line of a message without its secret: errors are shown around.
func quote(line string) string { return clip.Quote(redact.Line(line)) }
