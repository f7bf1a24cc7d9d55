package query

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/internal/content"
	"github.com/hookrig/hookrig/internal/strictyaml"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// fieldNames returns the fields of a query, in the order of the documentation.
func fieldNames() []string {
	return []string{
		"method", "path", "header.NAME", "body", "bin", "status", "provider", "verdict", "problem",
		"after", "before", "larger", "smaller",
	}
}

func isField(name string) bool { return name != "header.NAME" && slices.Contains(fieldNames(), name) }

// wants returns what a field's value must be, or "" when the value is valid.
func (t *term) wants() string {
	ok := true
	want := ""
	switch t.field {
	case "method", "path", "body", "bin", "provider":
		ok, want = t.value != "", "some text"
	case "status":
		_, _, ok = statuses(t.value)
		want = "a status such as 503, or 5xx"
	case "verdict":
		verdicts := []string{
			string(signature.Valid), string(signature.Missing), string(signature.Malformed), string(signature.Mismatch), string(signature.Stale),
		}
		ok, want = slices.Contains(verdicts, t.value), strings.Join(verdicts, ", ")
		if near := strictyaml.Nearest(t.value, verdicts); near != "" {
			want += fmt.Sprintf(": did you mean %q?", near)
		}
	case "after", "before":
		_, ok = parseTime(t.value, time.Time{})
		want = "a time such as 2026-01-15T09:00:00Z, a day such as 2026-01-15, or how long ago, as in -14d or -90m"
	case "larger", "smaller":
		_, ok = size(t.value)
		want = "a number of bytes such as 500, 2K or 1M"
	}
	if ok {
		return ""
	}
	return want
}

// test reports whether a term holds for a capture; text is the capture's folded text.
type test func(c *journal.Capture, text *journal.Folded) bool

// test returns the term's test, without its negation.
func (t *term) test(now time.Time) test {
	value := t.value
	folded := journal.Fold(nil, value)
	switch t.field {
	case "method":
		return func(c *journal.Capture, _ *journal.Folded) bool { return strings.EqualFold(c.Method, value) }
	case "path":
		return func(c *journal.Capture, _ *journal.Folded) bool {
			path, _, _ := strings.Cut(content.Path(c.Target), "?")
			return bytes.Contains(journal.Fold(nil, path), folded)
		}
	case "header":
		name := journal.Fold(nil, t.name)
		return func(c *journal.Capture, text *journal.Folded) bool {
			return text.Holds(name) && slices.ContainsFunc(c.Headers, func(h signature.Header) bool {
				return bytes.Equal(journal.Fold(nil, h.Name), name) && bytes.Contains(journal.Fold(nil, h.Value), folded)
			})
		}
	case "body":
		return func(c *journal.Capture, text *journal.Folded) bool {
			return text.Holds(folded) && bytes.Contains(journal.Fold(nil, content.Decode(&c.Message).Bytes), folded)
		}
	case "bin":
		return func(c *journal.Capture, _ *journal.Folded) bool { return c.Bin == value }
	case "status":
		low, high, _ := statuses(value)
		return func(c *journal.Capture, _ *journal.Folded) bool {
			if c.Response == nil || c.Response.Hang || c.Response.Reset {
				return false
			}
			status := c.Response.Status
			if status == 0 {
				status = 200
			}
			return low <= status && status <= high
		}
	case "provider":
		return func(c *journal.Capture, _ *journal.Folded) bool {
			return c.Verification != nil && c.Verification.Provider == value
		}
	case "verdict":
		return func(c *journal.Capture, _ *journal.Folded) bool {
			return c.Verification != nil && c.Verification.Verdict == signature.Verdict(value)
		}
	case "problem":
		return func(c *journal.Capture, _ *journal.Folded) bool {
			return slices.ContainsFunc(c.Problems, func(problem string) bool { return bytes.Contains(journal.Fold(nil, problem), folded) })
		}
	case "after", "before":
		at, _ := parseTime(value, now)
		return func(c *journal.Capture, _ *journal.Folded) bool { return c.At.Before(at) == (t.field == "before") }
	case "larger":
		n, _ := size(value)
		return func(c *journal.Capture, _ *journal.Folded) bool { return len(c.Body) > n }
	case "smaller":
		n, _ := size(value)
		return func(c *journal.Capture, _ *journal.Folded) bool { return len(c.Body) < n }
	}
	return func(_ *journal.Capture, text *journal.Folded) bool { return text.Holds(folded) }
}

// texts returns what the text of a capture must contain for the term to hold.
func (t *term) texts() []string {
	switch {
	case t.not:
		return nil
	case t.field == "header":
		return []string{t.name, t.value}
	case t.field == "", t.field == "path", t.field == "body":
		return []string{t.value}
	}
	return nil
}

// statuses parses 503, or 5xx for a whole class.
func statuses(text string) (low, high int, ok bool) {
	if class, all := strings.CutSuffix(strings.ToLower(text), "xx"); all && len(class) == 1 && '1' <= class[0] && class[0] <= '9' {
		low = int(class[0]-'0') * 100
		return low, low + 99, true
	}
	low, err := strconv.Atoi(text)
	return low, low, err == nil && len(text) == 3 && low >= 100
}

// parseTime parses a time: RFC 3339, a day in UTC, or a duration before now.
func parseTime(text string, now time.Time) (time.Time, bool) {
	if ago, relative := strings.CutPrefix(text, "-"); relative {
		d, err := strictyaml.ParseDuration(ago)
		return now.Add(-d), err == nil && ago != ""
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

// size parses a number of bytes; K, M and G are powers of 1024.
func size(text string) (int, bool) {
	digits := strings.TrimRight(text, "KMGkmg")
	n, err := strconv.Atoi(digits)
	shift, known := map[string]int{"": 0, "K": 10, "M": 20, "G": 30}[strings.ToUpper(text[len(digits):])]
	return n << shift, err == nil && known && n >= 0 && n < 1<<32 && digits[0] != '+'
}
