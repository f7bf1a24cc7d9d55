package markdown_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/cmd/hookrig/internal/markdown"
)

func TestPage(t *testing.T) {
	t.Parallel()
	p := markdown.Parse([]byte(page))
	if title, summary := p.Title(); title != "Bins" || summary != "where requests go" {
		t.Errorf("title %q, summary %q", title, summary)
	}
	headings := []markdown.Heading{{Level: 1, ID: "bins-where-requests-go", Text: "Bins: where requests go"}, {Level: 2, ID: "the-keys", Text: "The keys"}}
	if got := p.Headings(); !reflect.DeepEqual(got, headings) {
		t.Errorf("headings: %+v", got)
	}
	if got := p.Links(); !slices.Equal(got, []string{"words.md#bin", "https://example.com/x"}) {
		t.Errorf("links: %q", got)
	}
	blocks := []markdown.Block{
		{Marker: "marker of the code", Language: "sh", Line: 8, Code: "hookrig listen a-very-long-name-of-a-bin --forward http://127.0.0.1:3000/hooks\n\nhookrig serve\n"},
		{Marker: "keys", Line: 16, Rows: [][]string{
			{"replies", "list", "What the bin answers, one after the other; the last one stays."}, {"a|b", "text", "Either."},
		}},
	}
	if got := p.Blocks(); !reflect.DeepEqual(got, blocks) {
		t.Errorf("blocks: %+v", got)
	}
}

func TestHTML(t *testing.T) {
	t.Parallel()
	html, err := markdown.Parse([]byte(page + "\n<script>alert(1)</script>\n\nText <b onclick=x>bold</b> [x](javascript:alert(1))\n")).HTML()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`<h2 id="the-keys">The keys</h2>`, `<a href="words#bin">Words</a>`, `<a href="https://example.com/x">`,
		`<code class="language-sh">hookrig listen`, "<td><code>a|b</code></td>", `<th scope="col">key</th>`, "<li>two</li>",
	} {
		if !strings.Contains(html, want) {
			t.Errorf("%q is missing in\n%s", want, html)
		}
	}
	for _, bad := range []string{"<h1", "<script", "onclick", "javascript:", "style=", "<!--"} {
		if strings.Contains(html, bad) {
			t.Errorf("unexpected %q in\n%s", bad, html)
		}
	}
}
