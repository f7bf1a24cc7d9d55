package exam

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"go/parser"
	"io"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures/signature"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/scenarios"
)

var update = flag.Bool("update", false, "write the golden files anew")

// sample is a report with every result.
func sample() Report {
	r := Report{
		URL: "http://127.0.0.1:3000/hooks", Provider: "stripe", Event: "customer.created", Option: "mode=live", Seed: 7,
		Started: time.Date(2026, 1, 15, 9, 0, 0, 0, time.UTC), TookMS: 1234, Notes: []string{"a note"},
		Checks: []Result{
			{ID: "signature-wrong-secret", Title: "Refuses a forgery", Level: "must", Theme: "signature", Result: Pass, Sources: []string{"https://example.com/a"}, TookMS: 10},
			{
				ID: "body-json-styles", Title: "Takes <any> style", Level: "must", Theme: "body", Result: Fail, TookMS: 20, Hint: "raw-body",
				Why: "delivery 1 of step a: want status 2xx, got 500 (\"<b>\\u001b[31m\")\nand another line", Matters: "It matters.", Fix: "Do it.",
				Sources: []string{"https://example.com/b", "a book"}, Command: `hookrig check http://127.0.0.1:3000/hooks stripe --secret "$HOOKRIG_SECRET" --only body-json-styles`,
				Exchange: &scenarios.Exchange{
					Name: "attempt 1", ID: "d1", Status: 500, Request: mockserver.Message{Method: "POST", Target: "/hooks", Version: "HTTP/1.1", Headers: signature.Headers{{Name: "Host", Value: "127.0.0.1:3000"}}, Body: []byte(`{"a":"<script>"}`)},
					RequestText: "POST /hooks HTTP/1.1\nHost: 127.0.0.1:3000\n\n{\"a\":\"<script>\"}", ResponseText: "500\n\nno",
				},
			},
			{ID: "known", Title: "Does it once", Level: "must", Theme: "duplicates", Result: Fail, Why: "twice", Known: "ticket 7", Fix: "Once.", Sources: []string{"a"}},
			{ID: "warned", Title: "Answers 401", Level: "should", Theme: "signature", Result: Warn, Why: "403\nno document states this rule: S (S-15)", Fix: "Answer 401.", Hint: "raw-body", Sources: []string{"a"}},
			{ID: "unsure", Title: "Keeps the order", Level: "must", Theme: "order", Result: Inconclusive, Why: "it reads the state of one entity: give --state", Sources: []string{"a"}},
			{ID: "unsure-too", Title: "Keeps the order too", Level: "must", Theme: "order", Result: Inconclusive, Why: "it reads the state of one entity: give --state", Sources: []string{"a"}},
			{ID: "other", Title: "Checks the label", Level: "info", Theme: "signature", Result: NotApplicable, Why: "there is no label", Sources: []string{"a"}},
			{ID: "left", Title: "Bears load", Level: "should", Theme: "load", Result: Skipped, Why: "not here", Sources: []string{"a"}},
		},
	}
	r.Checks[1].Curl = curl(r.URL, r.Checks[1].Exchange)
	for i := range r.Checks {
		r.Score.Add(&r.Checks[i])
	}
	return r
}

// TestReports compares every form of a report with a golden file.
func TestReports(t *testing.T) {
	for file, write := range map[string]func(io.Writer, Report) error{
		"report.txt":   func(w io.Writer, r Report) error { return WriteText(w, r, TextOptions{Language: "python"}) },
		"all.txt":      func(w io.Writer, r Report) error { return WriteText(w, r, TextOptions{All: true, Color: true}) },
		"report.json":  WriteJSON,
		"report.xml":   WriteJUnit,
		"report.html":  WriteHTML,
		"report.sarif": WriteSARIF,
		"badge.svg":    WriteBadge,
		"github.txt":   func(w io.Writer, r Report) error { return WriteAnnotations(w, r, scenarios.Must) },
		"summary.md":   WriteSummary,
	} {
		var b bytes.Buffer
		if err := write(&b, sample()); err != nil {
			t.Fatal(err)
		}
		got := strings.NewReplacer(htmlStyle, "…").Replace(b.String())
		got = regexp.MustCompile(`sha256-[^&]*&`).ReplaceAllString(got, "sha256-…&")
		golden(t, "testdata/"+file, got)
	}
}

// TestAnnotationsOfLevels checks that a failure below the level is a warning, and that an exam that
// could not begin is an error.
func TestAnnotationsOfLevels(t *testing.T) {
	low := Report{URL: "u", Checks: []Result{{ID: "a", Level: scenarios.Should, Result: Fail, Why: "w"}}}
	absent := Report{URL: "u", Problem: "nothing listens", Checks: []Result{{ID: "a", Level: scenarios.Must, Result: Inconclusive, Why: "nothing listens"}}}
	for _, row := range []struct {
		report Report
		level  scenarios.Level
		want   string
	}{
		{low, scenarios.Must, "::warning title=fail%3A a (should) of u::%0Aw\n"},
		{low, scenarios.Should, "::error title=fail%3A a (should) of u::%0Aw\n"},
		{absent, scenarios.Must, "::error title=exam of u::nothing could be graded: nothing listens\n"},
	} {
		var b bytes.Buffer
		if err := WriteAnnotations(&b, row.report, row.level); err != nil {
			t.Fatal(err)
		}
		if b.String() != row.want {
			t.Errorf("level %s: want %q, got %q", row.level, row.want, b.String())
		}
	}
}

// TestSummaryIsBounded checks that a summary stays below the limit of GitHub, and says what it
// leaves out.
func TestSummaryIsBounded(t *testing.T) {
	var r Report
	for range 2000 {
		r.Add(Result{ID: "a", Level: scenarios.Must, Result: Fail, Why: strings.Repeat("<", 1000)})
	}
	var b bytes.Buffer
	if err := WriteSummary(&b, r); err != nil {
		t.Fatal(err)
	}
	if b.Len() > 1<<20 || !strings.Contains(b.String(), " checks more did not pass.\n") {
		t.Errorf("%d bytes: …%s", b.Len(), b.String()[max(b.Len()-200, 0):])
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s: want\n%s\ngot\n%s", file, want, got)
	}
}

// TestFormsAreReadable checks that the files are what they claim to be, and that a report which was
// written is read again.
func TestFormsAreReadable(t *testing.T) {
	var b bytes.Buffer
	if err := WriteJSON(&b, sample()); err != nil {
		t.Fatal(err)
	}
	again, err := ParseReport(b.Bytes())
	if err != nil || len(again.Checks) != 8 || again.Score.Must.Failed != 2 || again.Checks[1].Exchange.Status != 500 {
		t.Errorf("%v %+v", err, again.Score)
	}
	if _, err := ParseReport([]byte(`{"steps":[]}`)); err == nil {
		t.Error("want an error for another file")
	}
	for _, write := range []func(io.Writer, Report) error{WriteJUnit, WriteBadge} {
		b.Reset()
		if err := write(&b, sample()); err != nil {
			t.Fatal(err)
		}
		for decoder := xml.NewDecoder(&b); ; {
			if _, err := decoder.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestInconclusiveForms checks that every form tells an inconclusive check alike: no pass, and no
// failure.
func TestInconclusiveForms(t *testing.T) {
	t.Parallel()
	report := func(results ...Result) Report {
		r := Report{URL: "http://127.0.0.1", Provider: "stripe"}
		for _, c := range results {
			c.Level, c.Theme, c.Title = scenarios.Must, "order", c.ID
			r.Add(c)
		}
		return r
	}
	passed := Result{ID: "passed", Result: Pass}
	unsure := Result{ID: "unsure", Result: Inconclusive, Why: "give --state\nmore", Missing: scenarios.NeedsState}
	untold := Result{ID: "untold", Result: Inconclusive, Why: "no response"}
	for name, c := range map[string]struct {
		report             Report
		html, junit, badge string
		unjudged           int
	}{
		"passed":  {report(passed), `<header class="pass">`, `failures="0" errors="0" skipped="0"`, "#0a6538", 0},
		"missing": {report(passed, unsure), `<header class="inconclusive">`, `<skipped message="inconclusive: give --state">`, "#7a4d00", 0},
		"untold":  {report(passed, unsure, untold), "1 of 1 must checks passed, 2 inconclusive", `failures="0" errors="0" skipped="2"`, "#7a4d00", 1},
		"failed":  {report(passed, unsure, Result{ID: "wrong", Result: Fail}), `<header class="fail">`, `failures="1" errors="0" skipped="1"`, "#ad211b", 0},
		"warned":  {report(passed, Result{ID: "odd", Result: Warn}), `<header class="warn">`, `failures="0" errors="0" skipped="0"`, "#7a4d00", 0},
		"nothing": {report(untold), `<header class="inconclusive">`, `failures="0" errors="1" skipped="0"`, "#57616c", 1},
	} {
		for form, f := range map[string]struct {
			write func(io.Writer, Report) error
			want  string
		}{"html": {WriteHTML, c.html}, "junit": {WriteJUnit, c.junit}, "badge": {WriteBadge, c.badge}} {
			var b bytes.Buffer
			if err := f.write(&b, c.report); err != nil || !strings.Contains(b.String(), f.want) {
				t.Errorf("%s: %s: want %q: %v\n%s", name, form, f.want, err, strings.Replace(b.String(), htmlStyle, "…", 1))
			}
		}
		if n := len(c.report.Unjudged(scenarios.Must)); n != c.unjudged {
			t.Errorf("%s: %d unjudged checks, want %d", name, n, c.unjudged)
		}
	}
}

// TestPageIsClosed checks that the page loads and runs nothing, and shows data as text only.
func TestPageIsClosed(t *testing.T) {
	var b bytes.Buffer
	if err := WriteHTML(&b, sample()); err != nil {
		t.Fatal(err)
	}
	for what, pattern := range map[string]string{
		"an external reference":   `(?i)\s(src|srcset|data|action|formaction|background|poster|ping)\s*=`,
		"an element that loads":   `(?i)<(script|link|img|iframe|object|embed|base|form|audio|video)\b`,
		"a style that loads":      `(?i)url\(|@import|@font-face`,
		"an inline event handler": `(?i)<[^>]*\son[a-z]+\s*=`,
		"an inline style":         `(?i)<[^>]*\sstyle\s*=`,
	} {
		if found := regexp.MustCompile(pattern).FindString(b.String()); found != "" {
			t.Errorf("the page has %s: %s", what, found)
		}
	}
}

// TestHints checks the code examples: every check refers to one that exists, every example belongs
// to a check, and every example is valid in its language.
func TestHints(t *testing.T) {
	hints, err := Hints()
	if err != nil {
		t.Fatal(err)
	}
	checks, err := Checks()
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for i := range checks {
		if _, ok := hints[checks[i].Hint]; !ok && checks[i].Hint != "" {
			t.Errorf("%s: there is no hint %q", checks[i].ID, checks[i].Hint)
		}
		used[checks[i].Hint] = true
	}
	for name := range hints {
		if !used[name] {
			t.Errorf("no check has the hint %s", name)
		}
	}
	for name, h := range hints {
		if _, err := parser.ParseExpr("func() {\n" + h.Go + "\n}"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, language := range Languages() {
			if lines := strings.Count(h.Code(language), "\n") + 1; h.Code(language) == "" || lines > 11 {
				t.Errorf("%s, %s: %d lines", name, language, lines)
			}
		}
	}
	for language, command := range map[string][]string{
		"node":   {"node", "--input-type=module", "--check"},
		"python": {"python3", "-c", "import ast,sys; ast.parse(sys.stdin.read())"},
		"php":    {"php", "-l"},
	} {
		t.Run(language, func(t *testing.T) {
			path, err := exec.LookPath(command[0])
			if err != nil && slices.Contains(strings.Split(os.Getenv("HOOKRIG_REQUIRE"), ","), command[0]) {
				t.Fatalf("HOOKRIG_REQUIRE asks for %s: %v", command[0], err)
			} else if err != nil {
				t.Skip(err)
			}
			text := map[string]string{"php": "<?php\n"}[language]
			for _, name := range slices.Sorted(maps.Keys(hints)) {
				code, function := hints[name].Code(language), "f_"+strings.ReplaceAll(name, "-", "_")
				switch language {
				case "node":
					code = "async function " + function + "(req, res) {\n" + code + "\n}"
				case "php":
					code = "function " + function + "() {\n" + code + "\n}"
				}
				text += code + "\n\n"
			}
			cmd := exec.CommandContext(t.Context(), path, command[1:]...)
			cmd.Stdin = strings.NewReader(text)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s\n%s", err, text, out)
			}
		})
	}
}

// TestParseEffect checks the forms of --effect.
func TestParseEffect(t *testing.T) {
	for text, want := range map[string]scenarios.Effect{
		"http http://127.0.0.1/count":                       {HTTP: &scenarios.Request{URL: "http://127.0.0.1/count"}},
		"http http://127.0.0.1/count  .body.count | length": {HTTP: &scenarios.Request{URL: "http://127.0.0.1/count"}, JQ: ".body.count | length"},
		"http http://127.0.0.1/count '.body.count'":         {HTTP: &scenarios.Request{URL: "http://127.0.0.1/count"}, JQ: ".body.count"},
		"exec wc -l 'a file'":                               {Exec: []string{"wc", "-l", "a file"}},
		`exec sh -c "wc -l < a\"b"`:                         {Exec: []string{"sh", "-c", `wc -l < a"b`}},
		"sql sqlite:a.db SELECT count(*) FROM t":            {SQL: &scenarios.Query{DSN: "sqlite:a.db", Query: "SELECT count(*) FROM t"}},
		"sink mails":                                        {Sink: &scenarios.Sink{Bin: "mails"}},
	} {
		got, err := ParseEffect(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if a, b := asJSON(t, *got), asJSON(t, want); a != b {
			t.Errorf("%s: want %s, got %s", text, b, a)
		}
	}
	for _, text := range []string{"", "http", "file x", "sql sqlite:a.db", "sink a b", "exec 'a"} {
		if got, err := ParseEffect(text); err == nil {
			t.Errorf("%q: want an error, got %s", text, asJSON(t, *got))
		}
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestStateOfAnEntity checks that the key of an entity cannot change what is asked.
func TestStateOfAnEntity(t *testing.T) {
	const key = `a'b/"c`
	for text, want := range map[string]string{
		"http http://h/e/${entity}?x .body[\"${entity}\"]":    `{"http":{"url":"http://h/e/a%27b%2F%22c?x"},"jq":".body[\"a'b/\\\"c\"]"}`,
		"sql sqlite:a SELECT s FROM t WHERE id = ${entity}":   `{"sql":{"dsn":"sqlite:a","query":"SELECT s FROM t WHERE id = $1","args":["a'b/\"c"]}}`,
		"sql sqlite:a SELECT s FROM t WHERE id = '${entity}'": `{"sql":{"dsn":"sqlite:a","query":"SELECT s FROM t WHERE id = $1","args":["a'b/\"c"]}}`,
		"exec state '${entity}'":                              `{"exec":["state","a'b/\"c"]}`,
	} {
		effect, err := ParseEffect(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := asJSON(t, of(effect, key)); got != strings.ReplaceAll(want, `'`, `'`) {
			t.Errorf("%s: want %s, got %s", text, want, got)
		}
	}
}
