package main

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/internal/expression"
	"github.com/hookrig/hookrig/internal/redact"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/scenarios"
	"github.com/hookrig/hookrig/scenarios/exam"
	"github.com/hookrig/hookrig/scenarios/exam/sender"
)

// generatedPart is a marker and the table or list that follows it, up to an empty line.
var generatedPart = regexp.MustCompile(`(?m)^<!-- generated: (\S+) -->\n((?:[|-].*\n(?:  .*\n)*)*)`)

// generators write the parts of the manual that the program knows itself.
func generators() map[string]func() string {
	return map[string]func() string{
		"faults": faultRows, "mistakes": mistakeRows, "exit-codes": exitRows, "redaction": redactionItems, "library": libraryRows,
		"providers": providerRows, "options": optionRows, "retries": retryRows, "policies": policyRows, "journeys": journeyRows,
		"functions": functionRows, "exam-params": examParamRows, "checks": checkRows, "sender-checks": senderCheckRows,
	}
}

// What the program knows itself stands in the manual as the program has it.
// UPDATE=1 go test ./cmd/hookrig writes it anew.
func TestManualIsGenerated(t *testing.T) {
	found := map[string]bool{}
	for _, page := range topics() {
		file := "manual/" + page.name + ".md"
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want := generatedPart.ReplaceAllStringFunc(string(raw), func(part string) string {
			name := generatedPart.FindStringSubmatch(part)[1]
			generate := generators()[name]
			if generate == nil {
				t.Fatalf("%s: there is no generator %q", file, name)
			}
			found[name] = true
			return "<!-- generated: " + name + " -->\n" + generate()
		})
		switch {
		case want == string(raw):
		case os.Getenv("UPDATE") != "":
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		default:
			t.Errorf("%s differs from the program: UPDATE=1 go test ./cmd/hookrig", file)
		}
	}
	for name := range generators() {
		if !found[name] {
			t.Errorf("no page has the part %q", name)
		}
	}
}

// tableOf writes a table of Markdown. A bar in a cell is escaped.
func tableOf(header []string, rows [][]string) string {
	var b strings.Builder
	line := func(cells []string) {
		for _, cell := range cells {
			b.WriteString("| " + strings.ReplaceAll(cell, "|", `\|`) + " ")
		}
		b.WriteString("|\n")
	}
	line(header)
	b.WriteString(strings.Repeat("|---", len(header)) + "|\n")
	for _, row := range rows {
		line(row)
	}
	return b.String()
}

func code(text string) string { return "`" + text + "`" }

func codes(list []string) string {
	var out []string
	for _, text := range list {
		out = append(out, code(text))
	}
	return strings.Join(out, ", ")
}

// sentence returns a text as a sentence.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + strings.TrimSuffix(text[1:], ".") + "."
}

func faultRows() string {
	var rows [][]string
	for _, kind := range mockserver.FaultKinds() {
		found := string(kind.Signature)
		if found == "" {
			found = "nothing is sent"
		}
		if kind.SignedAgain {
			found += "; signed as sent"
		}
		rows = append(rows, []string{code(strings.ReplaceAll(kind.Label(), "|", " | ")), sentence(kind.Text), found})
	}
	return tableOf([]string{"fault", "what it does", "signature"}, rows)
}

func mistakeRows() string {
	var rows [][]string
	for _, kind := range mockserver.FaultKinds() {
		rows = append(rows, []string{code(kind.Name), kind.Finds, kind.Source})
	}
	return tableOf([]string{"fault", "the mistake that it finds", "source"}, rows)
}

func exitRows() string {
	var rows [][]string
	for _, exit := range exitCodes() {
		rows = append(rows, []string{code(strconv.Itoa(exit.code)), exit.name, exit.text})
	}
	return tableOf([]string{"code", "result", "meaning"}, rows)
}

// redactionItems lists the names of secrets, kind by kind.
func redactionItems() string {
	var b strings.Builder
	var names []string
	end := func() {
		for _, line := range folded(strings.Join(names, " "), 94) {
			if line != "" {
				b.WriteString("  " + line + "\n")
			}
		}
		names = nil
	}
	for line := range strings.Lines(redact.Manual()) {
		if line = strings.TrimRight(line, "\n"); strings.HasPrefix(line, "  ") {
			names = append(names, line)
			continue
		}
		end()
		b.WriteString("- **" + strings.TrimSuffix(line, ":") + "**:\n")
	}
	end()
	return b.String()
}

func libraryRows() string {
	var rows [][]string
	for _, name := range libraryNames() {
		s, err := scenarios.LoadFS(scenarios.Library(), name+".yaml")
		if err != nil {
			panic(err)
		}
		rows = append(rows, []string{code(name), strings.TrimSpace(s.Description)})
	}
	return tableOf([]string{"scenario", "what it shows"}, rows)
}

func examParamRows() string {
	var rows [][]string
	params := scenarios.ExamParams()
	for _, name := range slices.Sorted(maps.Keys(params)) {
		rows = append(rows, []string{code(name), params[name]})
	}
	return tableOf([]string{"parameter", "value"}, rows)
}

func checkRows() string {
	checks, err := exam.Checks()
	if err != nil {
		panic(err)
	}
	var rows [][]string
	for i := range checks {
		rows = append(rows, []string{string(checks[i].Level), string(checks[i].Theme), code(checks[i].ID), checks[i].Title})
	}
	return tableOf([]string{"level", "theme", "check", "a correct consumer …"}, rows)
}

func providerRows() string {
	var rows [][]string
	for _, p := range fixtures.Builtin().Providers() {
		rows = append(rows, []string{code(p.Name), p.Title, strconv.Itoa(len(p.Events)), signedAs(p)})
	}
	return tableOf([]string{"provider", "system", "events", "signature"}, rows)
}

// signedAs says where the signatures of a provider stand and how they are made.
func signedAs(p *fixtures.Provider) string {
	var list []string
	for _, s := range p.Signing.Signatures {
		for _, e := range s.Emit {
			list = append(list, fmt.Sprintf("%s in `%s`", s.Alg, e.Header))
		}
	}
	return strings.Join(list, ", ")
}

func optionRows() string {
	var rows [][]string
	for _, p := range fixtures.Builtin().Providers() {
		for _, o := range p.Options {
			if len(o.Values) > 0 {
				rows = append(rows, []string{code(p.Name + "." + o.Name), codes(o.Values), o.Text})
			}
		}
	}
	return tableOf([]string{"option", "values, the default first", "what it decides"}, rows)
}

func retryRows() string {
	var rows [][]string
	for _, p := range fixtures.Builtin().Providers() {
		for _, name := range slices.Sorted(maps.Keys(p.Delivery.Profiles)) {
			rows = append(rows, []string{code(p.Name), code(name), waitsOf(p.Delivery.Profiles[name])})
		}
	}
	return tableOf([]string{"provider", "profile", "waits between attempts"}, rows)
}

func senderCheckRows() string {
	var rows [][]string
	for _, c := range sender.Checks() {
		rows = append(rows, []string{code(c.ID), string(c.Level), c.Title, c.Matters})
	}
	return tableOf([]string{"check", "level", "a right sender", "why"}, rows)
}

func policyRows() string {
	var rows [][]string
	for _, p := range fixtures.VendorPolicies() {
		rows = append(rows, []string{code("like " + p.Name), waitsOf(p.Retry), specialsOf(p), scenarios.Duration(p.Timeout).String(), assumedOf(p)})
	}
	return tableOf([]string{"policy", "waits between attempts", "what else", "timeout", "assumed"}, rows)
}

func assumedOf(p *fixtures.VendorPolicy) string {
	return strings.Join(p.Assumed, " ")
}

// specialsOf says what a policy has beside waits.
func specialsOf(p *fixtures.VendorPolicy) string {
	var list []string
	add := func(is bool, format string, args ...any) {
		if is {
			list = append(list, fmt.Sprintf(format, args...))
		}
	}
	r := p.Retry
	add(!slices.Equal(p.Success, []string{"2xx"}), "success is %s", strings.Join(p.Success, ", "))
	add(p.SuccessBody.Contains != "", "the body holds `%s`", p.SuccessBody.Contains)
	add(p.Redirects != "fail", "redirects: %s", p.Redirects)
	add(p.Ordering != "none", "%s", p.Ordering)
	add(p.Blocks(), "a failure blocks")
	add(len(r.On) > 0, "only after %s", strings.Join(r.On, ", "))
	add(len(r.StopOn) > 0, "ends after %s", strings.Join(r.StopOn, ", "))
	add(r.RetryAfter != "", "Retry-After: %s", r.RetryAfter)
	for _, c := range r.Control {
		add(true, "`%s: %s` %ss", c.Header, c.Value, strings.TrimSuffix(c.Does, "s"))
	}
	for _, name := range slices.Sorted(maps.Keys(r.Environments)) {
		add(true, "has the environment `%s`", name)
	}
	add(len(r.ByEvent) > 0, "differs by event")
	for _, d := range p.Disable {
		action, _ := d.Does()
		if action == fixtures.ActionPause {
			action = d.Action
		}
		add(action != fixtures.ActionWarn, "can %s an endpoint", action)
	}
	return strings.Join(slices.Compact(list), "; ")
}

// waitsOf says how long a profile waits after each attempt.
func waitsOf(r fixtures.Retry) string {
	short := func(d time.Duration) string { return scenarios.Duration(d).String() }
	end := ""
	if r.Attempts > 0 {
		end += fmt.Sprintf("; %d attempts", r.Attempts)
	}
	if r.Within > 0 {
		end += "; within " + short(r.Within)
	}
	switch {
	case r.Formula != "":
		return code(r.Formula) + end
	case r.Base > 0:
		text := short(r.Base)
		if r.Factor > 1 {
			text += fmt.Sprintf(", each next one %g times longer", r.Factor)
		}
		if r.Cap > 0 {
			text += ", at most " + short(r.Cap)
		}
		return text + end
	case len(r.Schedule) == 0:
		return "no retries"
	}
	var waits []string
	for _, wait := range r.Schedule {
		waits = append(waits, short(wait))
	}
	return strings.Join(waits, ", ") + end
}

func journeyRows() string {
	var rows [][]string
	for _, p := range fixtures.Builtin().Providers() {
		for _, j := range p.Journeys {
			rows = append(rows, []string{code(p.Name), code(j.Name), j.Title, strings.Join(j.Events, ", ")})
		}
	}
	return tableOf([]string{"provider", "journey", "life", "events"}, rows)
}

// functionRows lists the functions of ${…}, kind by kind.
func functionRows() string {
	var rows [][]string
	for _, fn := range expression.Functions() {
		if len(rows) == 0 || rows[len(rows)-1][0] != fn.Kind {
			rows = append(rows, []string{fn.Kind, ""})
		}
		row := rows[len(rows)-1]
		row[1] = strings.TrimSpace(row[1] + " " + code(fn.Usage))
	}
	return tableOf([]string{"kind", "functions"}, rows)
}
