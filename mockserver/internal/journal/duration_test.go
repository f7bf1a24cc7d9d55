package journal

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestDurationIsRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		`"250ms"`: 250 * time.Millisecond, `"1h30m"`: 90 * time.Minute, `"72h0m0s"`: 72 * time.Hour, `"2d"`: 48 * time.Hour, `"1w"`: 168 * time.Hour, `"1.5µs"`: 1500,
	} {
		var d Duration
		if err := json.Unmarshal([]byte(text), &d); err != nil || time.Duration(d) != want {
			t.Errorf("%s: %v, %v; want %v", text, d, err, want)
		}
		written, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		var again Duration
		if err := json.Unmarshal(written, &again); err != nil || again != d {
			t.Errorf("%s is written %s: %v, %v", text, written, again, err)
		}
	}
	for _, text := range []string{`"-1s"`, `"5"`, `""`, `"soon"`, `5`} {
		var d Duration
		if err := json.Unmarshal([]byte(text), &d); err == nil || !strings.Contains(err.Error(), "250ms") || d != 0 {
			t.Errorf("%s: %v, %v", text, d, err)
		}
	}
}
