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
	mostAttempts = 1000
	nearby       = 10_000 // sequence numbers on each side, where no text tells the attempts from other captures
)

// Attempts returns the captures of c's bin that are attempts of the same delivery, oldest first, c itself among them:
// those with the delivery id that their sender gave them, or else with the same body. There are up to 1000, the oldest. Of
// requests without an id and with hardly a body only those near c are found. p is the provider that is named for the bin; it may be nil.
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
		return len(found) < mostAttempts
	})
	return found, err
}

// textsOf is a text that all attempts of a delivery hold, for a store to leave out the others: the delivery's id where it
// stands as it is, else a piece of the body. It is nil when there is none that searches could tell.
func textsOf(c *journal.Capture, id string) []string {
	if id == "" {
		return telling(run(string(c.Body)))
	}
	if _, after, of := strings.Cut(id, "\x00"); of { // with its source
		id = after
	}
	var text journal.Folded
	text.Read(c)
	if !text.Holds(journal.Fold(nil, id)) {
		return nil // written with escapes, which another attempt may have chosen otherwise
	}
	return telling(id)
}

// shortest is the length of texts, in bytes, from which on a search leaves captures out.
const shortest = 3

// telling is the text, if it is long enough.
func telling(text string) []string {
	if len(text) < shortest {
		return nil
	}
	return []string{text}
}

// run is the longest row of ASCII characters of a text, cut off where it is long enough to be told from others.
func run(text string) string {
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
