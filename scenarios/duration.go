package scenarios

import (
	"strconv"
	"strings"
	"time"

	"github.com/hookrig/hookrig/internal/strictyaml"
	"github.com/hookrig/hookrig/mockserver"
)

// Duration is a span of time in Go's syntax, with the units d (days) and w (weeks) added: 250ms,
// 5s, 1h30m, 3d. It is never negative.
type Duration time.Duration

// UnmarshalYAML reads 250ms, 5s, 1h30m or 3d.
func (d *Duration) UnmarshalYAML(construct func(any) error) error {
	return construct((*time.Duration)(d))
}

// UnmarshalText reads 250ms, 5s, 1h30m or 3d.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := strictyaml.ParseDuration(string(text))
	*d = Duration(v)
	return err
}

// MarshalText returns the text of String.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// String returns d without units that are zero: 3d, 1m10s, 250ms.
func (d Duration) String() string {
	const day = Duration(24 * time.Hour)
	if d < day {
		return short(time.Duration(d))
	}
	text := strconv.FormatInt(int64(d/day), 10) + "d"
	if rest := d % day; rest != 0 {
		text += short(time.Duration(rest))
	}
	return text
}

// short returns Go's text without units that are zero at the end: 1h instead of 1h0m0s.
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

func (d Duration) toServer() mockserver.Duration { return mockserver.Duration(d) }

// or returns d, or other when d is zero.
func (d Duration) or(other time.Duration) time.Duration {
	if d == 0 {
		return other
	}
	return time.Duration(d)
}
