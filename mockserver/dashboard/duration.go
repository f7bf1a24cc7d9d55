package dashboard

import (
	"encoding/json"
	"math"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// duration is the JSON form of journal.Duration: "1.5s", or a number of seconds.
type duration journal.Duration

// UnmarshalText reads either form.
func (s *duration) UnmarshalText(text []byte) error {
	seconds, err := strconv.ParseFloat(string(text), 64)
	if err != nil || math.Abs(seconds) > math.MaxInt64/float64(time.Second) || math.IsNaN(seconds) {
		return (*journal.Duration)(s).UnmarshalText(text)
	}
	*s = duration(seconds * float64(time.Second))
	return nil
}

// UnmarshalJSON reads a string or a number.
func (s *duration) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) != nil {
		text = string(data)
	}
	return s.UnmarshalText([]byte(text))
}

// Schema describes both forms.
func (duration) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{
		{Type: huma.TypeString, Description: "a number and a unit", Examples: []any{"250ms"}},
		{Type: huma.TypeNumber, Description: "seconds"},
	}}
}
