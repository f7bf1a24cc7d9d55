package export

import (
	"fmt"
	"strings"
	"time"
)

// startedLayouts are the forms of startedDateTime that programs write. HAR requires RFC 3339;
// others have zones without a colon or minutes, a space instead of the T, or no seconds.
var startedLayouts = []string{ //nolint:gochecknoglobals // a table
	time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05.999999999Z07", "2006-01-02T15:04Z07:00", "2006-01-02T15:04Z0700",
	"20060102T150405.999999999Z0700", "20060102T150405.999999999Z07:00",
}

// parseStarted parses the time of an entry. An empty text is the zero time. A time without a zone
// is taken as UTC, with a note.
func parseStarted(text string) (at time.Time, note string, err error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return time.Time{}, "", nil
	}
	written := strings.Replace(text, ",", ".", 1)
	if len(written) > len("2006-01-02") && written[len("2006-01-02")] == ' ' {
		written = strings.Replace(written, " ", "T", 1)
	}
	written = strings.ReplaceAll(strings.Replace(strings.Replace(written, "t", "T", 1), "z", "Z", 1), " ", "")
	for _, layout := range startedLayouts {
		if at, err := time.Parse(layout, written); err == nil {
			return at, "", nil
		}
	}
	for _, layout := range []string{"2006-01-02T15:04:05.999999999", "2006-01-02T15:04", "2006-01-02"} {
		if at, err := time.ParseInLocation(layout, written, time.UTC); err == nil {
			return at, fmt.Sprintf("startedDateTime %q has no zone: UTC is assumed", text), nil
		}
	}
	return time.Time{}, "", fmt.Errorf("%w: startedDateTime %.80q: want a time such as 2026-01-15T09:00:00.000+01:00", ErrInvalid, text)
}
