package journal

import (
	"encoding/json"
	"fmt"
	"time"
)

// Duration is a time.Duration that is written as "1.5s" in JSON and YAML.
type Duration time.Duration

// String returns the text of time.Duration.
func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText writes a text like "1.5s".
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads a text like "1.5s".
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("duration %q: want a number and a unit, as in 250ms, 5s or 2h", text)
	}
	*d = Duration(v)
	return nil
}

// UnmarshalJSON reads a string like "1.5s".
func (d *Duration) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("duration %s: want a string such as \"250ms\"", data)
	}
	return d.UnmarshalText([]byte(text))
}
