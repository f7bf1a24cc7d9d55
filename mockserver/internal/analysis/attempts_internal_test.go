package analysis

import (
	"testing"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
	"github.com/hookrig/hookrig/mockserver/internal/wire"
)

// A store may skip captures without the text, so textsOf must not return a text that another
// attempt might lack.
func TestTextsOfADelivery(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		body, id string
		want     bool // whether there is a text
	}{
		{`{"__id":"A/bc"}`, "A/bc", true},
		{`{"__id":"a\\/bc"}`, "a/bc", false},
		{"the same body", "", true},
		{"\u00c4\u00d6", "", false},
		{"", "", false},
	} {
		capture := journal.Capture{Message: wire.Message{Method: "POST", Target: "/b", Version: "HTTP/1.1", Body: []byte(c.body)}}
		texts := textsOf(&capture, c.id)
		if (texts != nil) != c.want {
			t.Errorf("%q, %q: %q", c.body, c.id, texts)
		}
		var folded journal.Folded
		folded.Read(&capture)
		for _, text := range texts {
			if !folded.Holds(journal.Fold(nil, text)) {
				t.Errorf("%q does not hold %q", c.body, text)
			}
		}
	}
}
