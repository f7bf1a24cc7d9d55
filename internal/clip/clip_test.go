package clip_test

import (
	"strings"
	"testing"

	"github.com/hookrig/hookrig/internal/clip"
)

func TestText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "abc": "abc", "abcd": "abc…", "äöü": "äöü", "äöüß": "äöü…", "\xff\xfe\xfd": "\xff\xfe\xfd", "\xff\xfe\xfd\xfc": "\xff\xfe\xfd…",
	} {
		if got := clip.Text(text, 3); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestQuote(t *testing.T) {
	t.Parallel()
	whole, long := strings.Repeat("ü", 200), strings.Repeat("ü", 201)
	for text, want := range map[string]string{"a\"\n": `"a\"\n"`, whole: `"` + whole + `"`, long: `"` + whole + `"…`} {
		if got := clip.Quote(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
