package scenarios

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestDurationString(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0s": 0, "250ms": 250 * time.Millisecond, "10s": 10 * time.Second, "1m": time.Minute, "1m10s": 70 * time.Second,
		"1h": time.Hour, "1h30m": 90 * time.Minute, "3d": 72 * time.Hour, "3d7h11m10s": 79*time.Hour + 11*time.Minute + 10*time.Second,
		"10m": 10 * time.Minute, "20h": 20 * time.Hour,
	} {
		if got := Duration(d).String(); got != want {
			t.Errorf("%v: want %s, got %s", d, want, got)
		}
	}
}

// TestDurationRoundTrip checks that UnmarshalText reads the text of String.
func TestDurationRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Duration(rapid.Int64Range(0, int64(1<<60)).Draw(t, "d"))
		var got Duration
		if err := got.UnmarshalText([]byte(want.String())); err != nil || got != want {
			t.Errorf("%d: wrote %s, read %d: %v", want, want, got, err)
		}
	})
}
