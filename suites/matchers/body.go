package matchers

import (
	"fmt"

	"github.com/onsi/gomega/types"

	"github.com/hookrig/hookrig/internal/clip"
)

// HaveBody succeeds when the body of a capture or message is exactly these bytes, as they were
// sent: HaveBody does not decode gzip. The value is a string, bytes, or a matcher, which gets the
// body as a string: HaveBody(ContainSubstring("Ada")).
func HaveBody(want any) types.GomegaMatcher {
	wanted, err := textWanted("HaveBody", want)
	return &condition{
		name:    fmt.Sprintf("HaveBody(%s)", wanted),
		subject: "the body",
		to:      wanted.to(),
		err:     err,
		calls:   wanted.matcher != nil,
		check: func(actual any) (string, bool, error) {
			m, err := messageOf("HaveBody", actual)
			if err != nil {
				return "", false, err
			}
			got := string(m.Body)
			found, matched := wanted.compare(got)
			if !matched && wanted.matcher == nil {
				found += ": " + firstDifference(wanted.exact, got)
			}
			return "got " + found, matched, nil
		},
	}
}

// firstDifference says where two bodies differ.
func firstDifference(want, got string) string {
	const around = 10
	at := 0
	for at < len(want) && at < len(got) && want[at] == got[at] {
		at++
	}
	if at == len(got) || at == len(want) {
		return fmt.Sprintf("it has %d bytes, want %d", len(got), len(want))
	}
	return fmt.Sprintf("they differ at byte %d: %s, want %s", at+1, clip.Quote(got[at:min(at+around, len(got))]), clip.Quote(want[at:min(at+around, len(want))]))
}
