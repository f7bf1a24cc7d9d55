package scenarios

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver"
)

// htmlOf returns the page of reports.
func htmlOf(t *testing.T, reports []Report) string {
	t.Helper()
	var page bytes.Buffer
	if err := WriteHTML(&page, reports); err != nil {
		t.Fatal(err)
	}
	return page.String()
}

func TestWriteHTML(t *testing.T) {
	page := htmlOf(t, reports())
	policy := regexp.MustCompile(`http-equiv="Content-Security-Policy" content="[^"]*"`).ReplaceAllString(page, `http-equiv="Content-Security-Policy" content="…"`)
	golden(t, "testdata/report/html.golden", strings.NewReplacer(htmlStyle, "…", htmlScript, "…").Replace(policy))
}

// TestPageIsClosed checks that a page refers to nothing outside, runs nothing but its own script,
// and shows text from a consumer only as text.
func TestPageIsClosed(t *testing.T) {
	page := htmlOf(t, reports())
	for what, pattern := range map[string]string{
		"an external reference":     `(?i)\s(src|srcset|data|action|formaction|background|poster|ping)\s*=`,
		"a link to another page":    `(?i)\shref\s*=\s*"[^#]`,
		"an element that loads":     `(?i)<(link|img|iframe|object|embed|base|form|audio|video|source|use|image)\b`,
		"a style that loads":        `(?i)url\(|@import|@font-face`,
		"an inline event handler":   `(?i)<[^>]*\son[a-z]+\s*=`,
		"an inline style":           `(?i)<[^>]*\sstyle\s*=`,
		"a refresh":                 `(?i)http-equiv="?refresh`,
		"a script for another page": `(?i)javascript:`,
	} {
		if found := regexp.MustCompile(pattern).FindString(page); found != "" {
			t.Errorf("the page holds %s: %s", what, found)
		}
	}
	for element, source := range map[string]string{"script": "script-src", "style": "style-src"} {
		found := regexp.MustCompile(`(?s)<`+element+`>(.*?)</`+element+`>`).FindAllStringSubmatch(page, -1)
		if len(found) != 1 || strings.Count(page, "<"+element) != 1 {
			t.Fatalf("the page has %d elements %s, want 1", strings.Count(page, "<"+element), element)
		}
		sum := sha256.Sum256([]byte(found[0][1]))
		if want := source + " &#39;sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "&#39;"; !strings.Contains(strings.ReplaceAll(page, "&#43;", "+"), want) {
			t.Errorf("the policy does not allow its own %s: want %s", element, want)
		}
	}
	for _, want := range []string{"&lt;b&gt;", "&lt;/pre&gt;&lt;script&gt;alert(1)"} {
		if !strings.Contains(page, want) {
			t.Errorf("want %s in the page", want)
		}
	}
}

// TestPageIsSound checks that the elements of a page are nested properly and have what programs
// that read it aloud need.
func TestPageIsSound(t *testing.T) {
	page := htmlOf(t, reports())
	var open, ids []string
	controls := []string{"summary", "button", "a", "label"}
	void := []string{"meta", "input", "br", "line", "circle", "rect"}
	body, _, _ := strings.Cut(page[strings.Index(page, "<html"):], "<script>")
	for _, tag := range regexp.MustCompile(`<(/?)([a-z0-9]+)([^>]*)>`).FindAllStringSubmatch(body, -1) {
		name, attributes := tag[2], tag[3]
		if tag[1] == "/" {
			if len(open) == 0 || open[len(open)-1] != name {
				t.Fatalf("</%s> ends %v", name, open)
			}
			open = open[:len(open)-1]
			continue
		}
		if slices.Contains(controls, name) && slices.ContainsFunc(open, func(o string) bool { return slices.Contains(controls, o) }) {
			t.Errorf("a control within a control: %s in %v", tag[0], open)
		}
		if id := regexp.MustCompile(`\sid="([^"]*)"`).FindStringSubmatch(attributes); id != nil {
			if slices.Contains(ids, id[1]) {
				t.Errorf("id %s twice", id[1])
			}
			ids = append(ids, id[1])
		}
		if name == "svg" && !strings.Contains(attributes, "aria-label=") {
			t.Errorf("a picture without a text: %s", tag[0])
		}
		if !slices.Contains(void, name) {
			open = append(open, name)
		}
	}
	if !slices.Equal(open, []string{"html", "body"}) {
		t.Errorf("not closed: %v", open)
	}
	for _, link := range regexp.MustCompile(`(?:href="#|aria-labelledby=")([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if !slices.Contains(ids, link[1]) {
			t.Errorf("%s leads nowhere", link[0])
		}
	}
	if !strings.Contains(page, `<html lang="en">`) || !strings.Contains(page, "<title>hookrig: 3 scenarios") {
		t.Error("no language or no title")
	}
}

// TestPageIsBounded checks that a page of many reports with long bodies stays small, and says what
// it leaves out.
func TestPageIsBounded(t *testing.T) {
	step := wrongStep()
	long := step.Exchanges[0]
	long.Request.Body = bytes.Repeat([]byte("0123456789abcdef"), longestBody/16)
	step.Exchanges = slices.Repeat([]Exchange{long}, mostExchanges)
	for i := range step.Exchanges {
		step.Exchanges[i].Attempt = 0
	}
	report := Report{Scenario: "many", Status: Failed, Steps: slices.Repeat([]StepReport{step}, 10)}
	page := htmlOf(t, slices.Repeat([]Report{report}, 60))
	if most := 2 * mostPageBytes; len(page) > most {
		t.Errorf("%d bytes, want at most %d", len(page), most)
	}
	for _, want := range []string{"49152 of 65536 bytes of the body are left out.", ">24 further exchanges are not listed.", ">4 further deliveries are not listed.", "and 588 more"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

func TestScaled(t *testing.T) {
	for _, c := range []struct {
		offsets     []time.Duration
		want        string
		logarithmic bool
	}{
		{nil, "[]", false},
		{[]time.Duration{0}, "[0.00]", false},
		{[]time.Duration{0, 0}, "[0.00 0.00]", false},
		{[]time.Duration{0, time.Second, 4 * time.Second}, "[0.00 0.25 1.00]", false},
		{[]time.Duration{0, time.Second, time.Hour}, "[0.00 0.08 1.00]", true},
	} {
		places, logarithmic := scaled(c.offsets)
		if got := fmt.Sprintf("%.2f", places); got != c.want || logarithmic != c.logarithmic {
			t.Errorf("%v: want %s %t, got %s %t", c.offsets, c.want, c.logarithmic, got, logarithmic)
		}
	}
}

// TestScaledKeepsOrder checks that later attempts are never further left, and that all are on the
// line.
func TestScaledKeepsOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var offsets []time.Duration
		at := time.Duration(0)
		for _, wait := range rapid.SliceOfN(rapid.Int64Range(0, int64(100*time.Hour)), 0, 12).Draw(t, "waits") {
			offsets, at = append(offsets, at), at+time.Duration(wait)
		}
		places, _ := scaled(offsets)
		if !slices.IsSorted(places) || len(places) != len(offsets) || len(places) > 0 && (places[0] != 0 || places[len(places)-1] > 1) {
			t.Fatalf("%v: %v", offsets, places)
		}
	})
}

// TestPageDifference checks that the parts of a difference are the texts, and that the parts that
// do not differ are equal.
func TestPageDifference(t *testing.T) {
	texts := func(parts []markedPart) (all, equal string) {
		for _, p := range parts {
			all += p.Text
			if !p.Differs {
				equal += p.Text
			}
		}
		return all, equal
	}
	rapid.Check(t, func(t *rapid.T) {
		d := Difference{Want: rapid.StringMatching(`[abé, ]{0,12}`).Draw(t, "want"), Got: rapid.StringMatching(`[abé, ]{0,12}`).Draw(t, "got")}
		p := newPageDifference(d)
		want, equalInWant := texts(p.Want)
		got, equalInGot := texts(p.Got)
		if want != d.Want || got != d.Got || equalInWant != equalInGot || d.Want == d.Got && equalInWant != want {
			t.Fatalf("%+v: %+v", d, p)
		}
	})
	for _, c := range [][3]string{
		{"503, 503, 200", "503, 500, 200", "503, [503], 200 503, [500], 200"},
		{"Pass:Created, Pass:Updated", "Pass:Created, Pass:Created", "Pass:Created, Pass:[Updated] Pass:Created, Pass:[Created]"},
		{`{"id":"abc","n":1,"at":5}`, `{"id":"abd","n":1,"at":6}`, `{"id":"[abc]","n":1,"at":[5]} {"id":"[abd]","n":1,"at":[6]}`},
		{"", "a", " [a]"},
	} {
		p := newPageDifference(Difference{Want: c[0], Got: c[1]})
		text := ""
		for i, parts := range [][]markedPart{p.Want, p.Got} {
			if i > 0 {
				text += " "
			}
			for _, part := range parts {
				if part.Differs {
					part.Text = "[" + part.Text + "]"
				}
				text += part.Text
			}
		}
		if text != c[2] {
			t.Errorf("want %s, got %s", c[2], text)
		}
	}
}

// TestChanges checks what the page says about two attempts of a delivery.
func TestChanges(t *testing.T) {
	request := func(line, body string, headers ...string) mockserver.Message {
		m := mockserver.Message{Method: "POST", Target: line, Version: "HTTP/1.1", Body: []byte(body)}
		for _, h := range headers {
			name, value, _ := strings.Cut(h, ": ")
			m.Headers = append(m.Headers, signature.Header{Name: name, Value: value})
		}
		return m
	}
	first := request("/a", "x", "A: 1", "B: 2", "B: 3")
	for _, c := range []struct {
		second mockserver.Message
		same   bool
		want   string
	}{
		{first, true, "The request has the same bytes as attempt 1."},
		{request("/a", "x", "B: 2", "B: 3", "A: 1"), false, "The request differs from attempt 1 in a part that is left out here, or in the order of its header lines."},
		{request("/b", "\xff", "B: 2", "C: 4"), false, "request line; header A; header B; body; header C; "},
	} {
		list, note := changes(&Exchange{Attempt: 1, Request: first}, &Exchange{Attempt: 2, Request: c.second, SameAsFirst: c.same})
		got := ""
		for _, change := range list {
			got += change.What + "; "
		}
		if got += note; got != c.want {
			t.Errorf("%+v: want %s, got %s", c.second, c.want, got)
		}
	}
}

func TestPageMessage(t *testing.T) {
	for _, c := range []struct {
		body  string
		hex   bool
		shown string
		left  int
	}{
		{"", false, "", 0},
		{"{\"a\":\r\n\t1}", false, "{\"a\":\r\n\t1}", 0},
		{"a\x00", true, "00000000  61 00                                             |a.|", 0},
		{"\xff", true, "00000000  ff                                                |.|", 0},
		{"\x1b[31m", true, "00000000  1b 5b 33 31 6d                                    |.[31m|", 0},
		{strings.Repeat("a", mostText+1), false, strings.Repeat("a", mostText), 1},
		{strings.Repeat("a", mostText-1) + "é!", false, strings.Repeat("a", mostText-1), 3},
	} {
		m := newPageMessage("POST / HTTP/1.1", nil, []byte(c.body), 0)
		if m.Hex != c.hex || m.Body != c.shown || m.Left != c.left || m.Size != len(c.body) {
			t.Errorf("%.20q: got %+v", c.body, m)
		}
	}
	if m := newPageMessage("", nil, bytes.Repeat([]byte{0}, mostHex+5), 7); m.Left != 12 || m.Size != mostHex+12 || strings.Count(m.Body, "\n") != mostHex/16-1 {
		t.Errorf("got %d left of %d", m.Left, m.Size)
	}
}

// TestAttemptClass checks how attempts are marked and named.
func TestAttemptClass(t *testing.T) {
	for want, a := range map[string]AttemptReport{
		"accepted 202 Accepted":              {Outcome: mockserver.GotStatus, Status: 202},
		"refused 599":                        {Outcome: mockserver.GotStatus, Status: 599},
		"refused 301 Moved Permanently":      {Outcome: mockserver.GotStatus, Status: 301},
		"none " + string(mockserver.NotSent): {Outcome: mockserver.NotSent},
	} {
		if got := a.class() + " " + a.result(); got != want {
			t.Errorf("want %s, got %s", want, got)
		}
	}
}
