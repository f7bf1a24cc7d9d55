package analysis

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// Bounds of Attempts.
const (
	maxAttempts = 1000
	nearby      = 10_000 // sequence numbers on each side, when no text identifies the attempts
)

// Attempts returns the captures in c's bin that are attempts of the same delivery as c, oldest
// first and including c: captures with the delivery id that their sender gave them, or else with
// the same body. It returns at most 1000, the oldest. It finds only the nearby attempts of a
// request that has no id and almost no body. p is the provider that the bin names; it may be nil.
func Attempts(ctx context.Context, store journal.Store, c journal.Capture, p *fixtures.Provider) ([]journal.Capture, error) {
	d := DeliveryOf(&c.Message, p, 0)
	var found []journal.Capture
	q := journal.CaptureQuery{Bin: c.Bin, Oldest: true}
	texts := textsOf(&c, deliveryID(&c.Message, p))
	if texts == nil {
		q.After, q.Before = c.Seq-min(c.Seq, nearby), c.Seq+nearby
	}
	err := store.Search(ctx, q, texts, func(other *journal.Capture) bool {
		if DeliveryOf(&other.Message, p, 0) == d {
			found = append(found, other.Clone())
		}
		return len(found) < maxAttempts
	})
	return found, err
}

// textsOf returns a text that all attempts of a delivery contain, so that a store can skip other
// captures: the delivery's id if the capture contains it literally, else a piece of the body. It
// returns nil when there is no such text.
func textsOf(c *journal.Capture, id string) []string {
	if id == "" {
		return searchable(longestASCII(string(c.Body)))
	}
	if _, after, of := strings.Cut(id, "\x00"); of { // the id follows its source
		id = after
	}
	var text journal.Folded
	text.Read(c)
	if !text.Holds(journal.Fold(nil, id)) {
		return nil // written with escapes, which may differ in another attempt
	}
	return searchable(id)
}

// minText is the length of the shortest text, in bytes, by which a store can skip captures.
const minText = 3

// searchable returns the text, if it is long enough for a search.
func searchable(text string) []string {
	if len(text) < minText {
		return nil
	}
	return []string{text}
}

// longestASCII returns the longest run of ASCII characters in a text, or the first run of 200.
func longestASCII(text string) string {
	const enough = 200
	longest := ""
	for begin := 0; begin < len(text) && len(longest) < enough; {
		end := begin
		for end < len(text) && end-begin < enough && text[end] < utf8.RuneSelf {
			end++
		}
		if end-begin > len(longest) {
			longest = text[begin:end]
		}
		begin = max(end, begin+1)
	}
	return longest
}
