package query

import (
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// FuzzFields queries every field with any value: sizes, times, statuses, jq.
func FuzzFields(f *testing.F) {
	for _, seed := range []string{"2K", "\xff", "5xx", "-14d", "2026-01-01", "99999999999999999999G", "1h1m", "é", "", "K", "\u212a"} {
		f.Add(seed)
	}
	names := []string{"larger", "smaller", "after", "before", "status", "method", "path", "header.x", "body", "bin", "provider", "verdict", "problem", "event"}
	c := &journal.Capture{Bin: "a", Message: wire.Message{Method: "POST", Target: "/a", Body: []byte("b")}}
	var text journal.Folded
	text.Read(c)
	f.Fuzz(func(_ *testing.T, value string) {
		for _, name := range names {
			for _, query := range []string{name + ":" + value, name + `:"` + strings.ReplaceAll(value, `"`, `\"`) + `"`, "-" + name + ":" + value} {
				list, err := parseTerms(query)
				if err != nil {
					continue
				}
				for i := range list {
					list[i].test(time.Unix(1e9, 0))(c, &text)
				}
			}
		}
	})
}
