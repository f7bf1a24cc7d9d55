package journal

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/hookrig/hookrig/internal/strictyaml"
)

// Duration is a time.Duration that is written as "1.5s" in JSON and YAML.
type Duration time.Duration

// String returns the text of time.Duration.
func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText writes a text like "1.5s".
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads a text such as "250ms", "5s", "2h" or "2d". Durations below 0 are errors.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := strictyaml.ParseDuration(string(text))
	if err != nil {
		return err
	}
	*d = Duration(v)
	return nil
}

// UnmarshalJSON reads what UnmarshalText reads, as a JSON string.
func (d *Duration) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("duration %s: want a text such as \"250ms\", \"5s\", \"2h\" or \"2d\"", data)
	}
	return d.UnmarshalText([]byte(text))
}
