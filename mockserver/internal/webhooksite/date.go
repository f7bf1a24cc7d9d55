package webhooksite

import (
	"strconv"
	"strings"
	"time"

	"github.com/hookrig/hookrig/internal/clip"
)

// stamp is a time as the API writes it, in UTC: "2026-05-04 03:02:01".
type stamp struct{ time.Time }

const stampLayout = "2006-01-02 15:04:05"

// MarshalJSON writes the time.
func (s stamp) MarshalJSON() ([]byte, error) {
	return []byte(s.UTC().Format(`"` + stampLayout + `"`)), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (s *stamp) UnmarshalJSON(text []byte) (err error) {
	s.Time, err = time.Parse(`"`+stampLayout+`"`, string(text))
	return err
}

// dateLayouts returns the forms of a date, each with the unit that it names.
func dateLayouts() []struct {
	layout string
	unit   byte
} {
	return []struct {
		layout string
		unit   byte
	}{
		{stampLayout, 's'},
		{"2006-01-02T15:04:05", 's'},
		{time.RFC3339, 's'},
		{"2006-01-02 15:04", 'm'},
		{"2006-01-02T15:04", 'm'},
		{"2006-01-02", 'd'},
		{"2006.01.02", 'd'},
		{"2006-01", 'M'},
		{"2006", 'y'},
	}
}

// parseDate reads a date, or a date expression: "now" or a date followed by "||", then any of
// "+1h", "-14d" and "/d". Of a day or another span of time it returns the first instant, or with
// end the last. https://docs.webhook.site/api/date-expressions.html
func parseDate(text string, now time.Time, end bool) (time.Time, error) {
	at, math, unit := now.UTC(), "", byte(0)
	if rest, ok := strings.CutPrefix(text, "now"); ok {
		math = rest
	} else {
		date, rest, _ := strings.Cut(text, "||")
		math = rest
		var err error
		if at, unit, err = parsePlainDate(date, text); err != nil {
			return time.Time{}, err
		}
		if math != "" {
			unit = 0
		}
	}
	for math != "" {
		var err error
		if at, math, unit, err = step(at, math); err != nil {
			return time.Time{}, invalid("date %s: %s", clip.Quote(text), err)
		}
	}
	if end && unit != 0 {
		at = add(at, 1, unit).Add(-1)
	}
	return at, nil
}

func parsePlainDate(date, whole string) (time.Time, byte, error) {
	for _, l := range dateLayouts() {
		if at, err := time.Parse(l.layout, date); err == nil {
			return at.UTC(), l.unit, nil
		}
	}
	return time.Time{}, 0, invalid("date %s: want \"2026-05-04 03:02:01\", \"2026-05-04\", or an expression such as now-14d", clip.Quote(whole))
}

// step takes the first "+1h" or "/d" of an expression. unit is what it has rounded to, if it has.
func step(at time.Time, math string) (_ time.Time, rest string, unit byte, err error) {
	operator := math[0]
	math = math[1:]
	digits := 0
	for digits < len(math) && '0' <= math[digits] && math[digits] <= '9' {
		digits++
	}
	const maxDigits = 5
	switch {
	case operator != '+' && operator != '-' && operator != '/':
		return at, "", 0, invalid("want +, - or / before %s", clip.Quote(string(operator)+math))
	case digits > maxDigits:
		return at, "", 0, invalid("want at most %d digits", maxDigits)
	case digits == len(math) || strings.IndexByte("yMwdhHms", math[digits]) < 0:
		return at, "", 0, invalid("want one of the units y, M, w, d, h, m and s behind %s", clip.Quote(string(operator)+math[:digits]))
	}
	number, unit, rest := math[:digits], math[digits], math[digits+1:]
	if operator == '/' {
		if number != "" {
			return at, "", 0, invalid("a rounding has no number")
		}
		return floor(at, unit), rest, unit, nil
	}
	n := 1
	if number != "" {
		n, _ = strconv.Atoi(number) // digits
	}
	if operator == '-' {
		n = -n
	}
	return add(at, n, unit), rest, 0, nil
}

func add(at time.Time, n int, unit byte) time.Time {
	switch unit {
	case 'y':
		return at.AddDate(n, 0, 0)
	case 'M':
		return at.AddDate(0, n, 0)
	case 'w':
		return at.AddDate(0, 0, 7*n)
	case 'd':
		return at.AddDate(0, 0, n)
	case 'h', 'H':
		return at.Add(time.Duration(n) * time.Hour)
	case 'm':
		return at.Add(time.Duration(n) * time.Minute)
	default:
		return at.Add(time.Duration(n) * time.Second)
	}
}

// floor rounds down; weeks begin on Monday.
func floor(at time.Time, unit byte) time.Time {
	year, month, day := at.Date()
	switch unit {
	case 'y':
		month, day = time.January, 1
	case 'M':
		day = 1
	case 'w':
		day -= (int(at.Weekday()) + 6) % 7
	case 'd':
	case 'h', 'H':
		return at.Truncate(time.Hour)
	case 'm':
		return at.Truncate(time.Minute)
	default:
		return at.Truncate(time.Second)
	}
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}
