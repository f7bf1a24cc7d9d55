package fault

import (
	"errors"
	"strconv"
)

// milliseconds signs with a time in milliseconds.
func milliseconds() row {
	return timestampRow("timestamp:milliseconds", "sign with a time in milliseconds where the scheme has another unit", Invalid,
		"The consumer guesses the unit, or takes a time in the far future.",
		"AdCP rejection vectors",
		func(_ string, r *Request) error {
			if r.scheme.Timestamp.Unit == "ms" {
				return errors.New("the scheme's times are in milliseconds")
			}
			at := r.context.Time
			if r.scheme.Timestamp.Of == "event" && !r.context.EventTime.IsZero() {
				at = r.context.EventTime
			}
			return r.stamp(strconv.FormatInt(at.UnixMilli(), 10))
		})
}
