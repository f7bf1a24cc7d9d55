package exam

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestSARIF holds reports against the rules of SARIF 2.1.0 (OASIS, sections 3.13 to 3.49), and
// against what code scanning needs: a location and a fingerprint for each result.
func TestSARIF(t *testing.T) {
	t.Parallel()
	checks, err := Checks()
	if err != nil {
		t.Fatal(err)
	}
	all := Report{URL: "https://[::1]:3000/hooks?a=b&c=%20", Provider: "stripe"}
	for i := range checks {
		c := &checks[i]
		all.Checks = append(all.Checks, Result{
			ID: c.ID, Title: c.Title, Level: c.Level, Theme: c.Theme, Result: []Verdict{Fail, Warn, Pass}[i%3], Why: "it does", Sources: c.Sources, Matters: c.Why, Fix: c.Fix,
		})
	}
	odd := sample()
	odd.URL = "http://127.0.0.1:3000/a b/\u00e9"
	for name, r := range map[string]Report{"a sample": sample(), "every check": all, "nothing": {URL: "http://127.0.0.1"}, "an odd URL": odd} {
		for location, uri := range map[string]string{"README.md": "README.md", "src/a b/\u00e9%.go": "src/a%20b/%C3%A9%25.go", "c:d.go": "./c:d.go"} {
			var b bytes.Buffer
			if err := WriteSARIFAt(&b, r, location); err != nil {
				t.Fatal(err)
			}
			for _, problem := range sarifProblems(b.Bytes()) {
				t.Errorf("%s: %s", name, problem)
			}
			if name == "a sample" && !strings.Contains(b.String(), `"uri": "`+uri+`"`) {
				t.Errorf("%s: want the URI %s in\n%s", location, uri, b.String())
			}
		}
	}
}

// TestSARIFLocation checks that a place out of the repository is refused.
func TestSARIFLocation(t *testing.T) {
	t.Parallel()
	for _, location := range []string{"", ".", "/etc/hosts", "../a", "a/../../b", "https://example.com/a"} {
		if err := WriteSARIFAt(io.Discard, sample(), location); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("location %q", location)) {
			t.Errorf("%q: %v", location, err)
		}
	}
}

// TestSARIFRules checks that the rules find what is wrong.
func TestSARIFRules(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := WriteSARIF(&b, sample()); err != nil {
		t.Fatal(err)
	}
	for change, want := range map[string]string{
		`"version": "2.1.0" → "version": "2.0.0"`:             "version",
		`"ruleIndex": 1 → "ruleIndex": 2`:                     "ruleIndex",
		`"ruleIndex": 1 → "ruleIndex": 99`:                    "ruleIndex",
		`"ruleId": "known" → "ruleId": "unknown"`:             "ruleId",
		`"level": "warning" → "level": "warn"`:                "level",
		`"uri": "README.md" → "uri": "a b"`:                   "no relative URI",
		`"uri": "README.md" → "uri": "http://127.0.0.1:3000"`: "no relative URI",
		`"uriBaseId": "%SRCROOT%" → "uriBaseId": "ROOT"`:      "uriBaseId",
		`"startLine": 1 → "startLine": 0`:                     "startLine",
		`"kind": "external" → "kind": "known"`:                "kind",
		`"name": "hookrig" → "name": ""`:                      "name",
		`"text": "Once." → "texts": "Once."`:                  "text",
		`"id": "unsure-too" → "id": "unsure"`:                 "twice",
	} {
		from, to, _ := strings.Cut(change, " → ")
		changed := strings.Replace(b.String(), from, to, 1)
		if changed == b.String() {
			t.Errorf("the report has no %s", from)
		}
		if problems := sarifProblems([]byte(changed)); !strings.Contains(strings.Join(problems, "\n"), want) {
			t.Errorf("%s: %q", change, problems)
		}
	}
}

// sarifProblems returns the rules of SARIF 2.1.0 that a file breaks.
func sarifProblems(file []byte) (problems []string) {
	wrong := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	var log sarifLog
	decoder := json.NewDecoder(bytes.NewReader(file))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&log); err != nil {
		return []string{err.Error()}
	}
	// A URI reference in ASCII (3.10.1, RFC 3986): what is not allowed in it is escaped.
	isURI := func(text string) bool {
		u, err := url.Parse(text)
		return err == nil && u.IsAbs() && regexp.MustCompile(`^([A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+$`).MatchString(text)
	}
	isLevel := func(level string) bool { return slices.Contains([]string{"none", "note", "warning", "error"}, level) }
	said := func(where, text string) {
		if strings.TrimSpace(text) == "" { // 3.11.8, 3.12.3
			wrong("%s: the text is empty", where)
		}
	}
	if log.Version != "2.1.0" { // 3.13.2
		wrong("version %q", log.Version)
	}
	if !isURI(log.Schema) { // 3.13.3
		wrong("$schema: %q is no URI", log.Schema)
	}
	if len(log.Runs) != 1 {
		return append(problems, fmt.Sprintf("%d runs", len(log.Runs)))
	}
	run := log.Runs[0]
	driver := run.Tool.Driver
	if driver.Name == "" { // 3.19.8
		wrong("the name of the driver is empty")
	}
	if !isURI(driver.InformationURI) { // 3.19.17
		wrong("informationUri: %q is no URI", driver.InformationURI)
	}
	if driver.Rules == nil || run.Results == nil { // 3.14.23: null means that the run failed
		wrong("rules or results are null")
	}
	ids := map[string]bool{}
	for _, rule := range driver.Rules {
		if rule.ID == "" || ids[rule.ID] { // 3.49.3
			wrong("rule %q is there twice, or has no id", rule.ID)
		}
		ids[rule.ID] = true
		said(rule.ID+" shortDescription", rule.Short.Text)
		said(rule.ID+" fullDescription", rule.Full.Text)
		said(rule.ID+" help", rule.Help.Text)
		if rule.HelpURI != "" && !isURI(rule.HelpURI) { // 3.49.12
			wrong("%s: helpUri: %q is no URI", rule.ID, rule.HelpURI)
		}
		if !isLevel(rule.Configuration.Level) { // 3.50.3
			wrong("%s: level %q", rule.ID, rule.Configuration.Level)
		}
		if sorted := slices.Sorted(slices.Values(rule.Properties.Tags)); len(slices.Compact(sorted)) != len(rule.Properties.Tags) { // 3.8.2
			wrong("%s: a tag is there twice", rule.ID)
		}
	}
	for _, result := range run.Results {
		if !ids[result.RuleID] { // 3.27.5
			wrong("ruleId %q names no rule", result.RuleID)
		}
		if i := result.RuleIndex; i < 0 || i >= len(driver.Rules) || driver.Rules[i].ID != result.RuleID { // 3.27.6
			wrong("%s: ruleIndex %d is that of another rule", result.RuleID, i)
		}
		if !isLevel(result.Level) { // 3.27.10
			wrong("%s: level %q", result.RuleID, result.Level)
		}
		said(result.RuleID+" message", result.Message.Text) // 3.27.11
		if len(result.Locations) == 0 || len(result.Fingerprints) == 0 {
			wrong("%s: no location or no fingerprint", result.RuleID)
		}
		for _, l := range result.Locations {
			// 3.4.3. Code scanning refuses an absolute URI that is no file of the checkout.
			if u := l.Physical.Artifact.URI; isURI(u) || !isURI("file:///"+u) {
				wrong("%s: uri: %q is no relative URI", result.RuleID, u)
			}
			if _, ok := run.Bases[l.Physical.Artifact.Base]; !ok { // 3.4.4
				wrong("%s: uriBaseId %q is not in originalUriBaseIds", result.RuleID, l.Physical.Artifact.Base)
			}
			if l.Physical.Region.StartLine < 1 { // 3.30.5
				wrong("%s: startLine %d", result.RuleID, l.Physical.Region.StartLine)
			}
		}
		for _, s := range result.Suppressions {
			if s.Kind != "inSource" && s.Kind != "external" { // 3.35.2
				wrong("%s: kind %q of a suppression", result.RuleID, s.Kind)
			}
		}
	}
	return problems
}
