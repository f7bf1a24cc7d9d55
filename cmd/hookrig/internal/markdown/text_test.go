package markdown_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hookrig/hookrig/cmd/hookrig/internal/markdown"
	"github.com/hookrig/hookrig/internal/terminal"
)

const page = "# Bins: where requests go\n" + `
A bin records *every* request. Send ` + "`POST`" + ` to it, see
[Words](words.md#bin) or [the site](https://example.com/x).

<!-- marker of the code -->
` + "```sh\nhookrig listen a-very-long-name-of-a-bin --forward http://127.0.0.1:3000/hooks\n\nhookrig serve\n```" + `

## The keys

<!-- keys -->
| key | type | meaning |
|---|---|---|
| ` + "`replies`" + ` | list | What the bin answers, one after the other; the last one stays. |
| ` + "`a\\|b`" + ` | text | Either. |

- one item that is long enough to go on to a second line of the page
- two

1. first
2. second
`

func text(t *testing.T, source string, o markdown.TextOptions) string {
	t.Helper()
	var b terminal.Builder
	if o.Link == nil {
		o.Link = func(name string) string { return "hookrig help " + name }
	}
	if err := markdown.Parse([]byte(source)).Text(&b, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestText(t *testing.T) {
	t.Parallel()
	const want = `Bins: where requests go

  A bin records every request. Send ` + "`POST`" + ` to it, see
  Words (hookrig help words) or the site
  (https://example.com/x).

    hookrig listen a-very-long-name-of-a-bin --forward http://127.0.0.1:3000/hooks

    hookrig serve

The keys

  KEY      TYPE  MEANING
  replies  list  What the bin answers, one after the
                 other; the last one stays.
  a|b      text  Either.

  - one item that is long enough to go on to a second
    line of the page
  - two

  1. first
  2. second
`
	if got := text(t, page, markdown.TextOptions{Width: 56}); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// TestTextFits checks that no line is wider than the terminal, except code and single words.
func TestTextFits(t *testing.T) {
	t.Parallel()
	for width := 40; width <= 120; width++ {
		for line := range strings.Lines(text(t, page, markdown.TextOptions{Width: width})) {
			line = strings.TrimRight(line, "\n")
			if n := utf8.RuneCountInString(line); n > width && !strings.Contains(line, "hookrig listen") {
				t.Errorf("width %d: a line of %d columns: %q", width, n, line)
			}
			if strings.HasSuffix(line, " ") {
				t.Errorf("width %d: white space at the end of %q", width, line)
			}
		}
	}
}

// TestTextStacksTables checks that the cells of a table that does not fit are written below each
// other.
func TestTextStacksTables(t *testing.T) {
	t.Parallel()
	source := "| key | meaning |\n|---|---|\n| `" + strings.Repeat("k", 30) + "` | " + strings.Repeat("word ", 12) + strings.Repeat("w", 20) + " |\n| b | c |\n"
	want := "  " + strings.Repeat("k", 30) + "\n    word word word word word word word\n    word word word word word\n    wwwwwwwwwwwwwwwwwwww\n\n  b\n    c\n"
	if got := text(t, source, markdown.TextOptions{Width: 40}); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestTextInBold(t *testing.T) {
	t.Parallel()
	got := text(t, page, markdown.TextOptions{Width: 80, Bold: true})
	for _, want := range []string{
		"\x1b[1mBins:\x1b[0m", "\x1b[1mevery\x1b[0m", "\x1b[1mPOST\x1b[0m", "\x1b[1mkey\x1b[0m", "\x1b[1mreplies\x1b[0m",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%q", want, got)
		}
	}
	if plain := strings.NewReplacer("\x1b[1m", "", "\x1b[0m", "").Replace(got); strings.Contains(plain, "\x1b") || strings.Contains(plain, "`") {
		t.Errorf("more than bold: %q", plain)
	}
}

// TestTextRefusesOtherMarkdown checks that unsupported Markdown is an error and is not omitted.
func TestTextRefusesOtherMarkdown(t *testing.T) {
	t.Parallel()
	var b terminal.Builder
	err := markdown.Parse([]byte("> quoted\n")).Text(&b, markdown.TextOptions{Width: 80})
	if err == nil || !strings.Contains(err.Error(), "Blockquote") {
		t.Errorf("a quotation: %v", err)
	}
}
