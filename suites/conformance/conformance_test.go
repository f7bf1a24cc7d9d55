package conformance_test

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/onsi/ginkgo/v2/types"

	"github.com/hookrig/hookrig/scenarios"
	"github.com/hookrig/hookrig/scenarios/exam"
)

// few are checks of several themes, of which each mistake of the tests fails one. The last runs
// alone, and is inconclusive when the machine is too busy.
var few = []string{
	"body-json-styles", "signature-wrong-secret", "duplicate-sequential", "duplicate-concurrent-copies", "order-reversed", "schema-unknown-event", "load-slow-sender",
}

// suite is a run of this program's suite.
type suite struct {
	procs int      // parallel processes; 0 is one, without the command ginkgo
	args  []string // of Ginkgo, without -ginkgo. or --
	list  []checked
}

// ran is what came of it.
type ran struct {
	output string
	failed bool
	specs  []types.SpecReport
	junit  string
}

// run runs the suite.
func (s suite) run(t *testing.T) ran {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	args := []string{"--ginkgo.json-report=" + filepath.Join(folder, "r.json"), "--ginkgo.junit-report=" + filepath.Join(folder, "r.xml")}
	if s.procs > 0 {
		args = []string{"tool", "ginkgo", "run", fmt.Sprint("--procs=", s.procs), "--output-dir=" + folder, "--json-report=r.json", "--junit-report=r.xml"}
	}
	for _, arg := range append([]string{"no-color", "randomize-all"}, s.args...) {
		if s.procs == 0 {
			arg = "ginkgo." + arg
		}
		args = append(args, "--"+arg)
	}
	cmd := exec.CommandContext(t.Context(), program, append(args, "-test.run=^TestSpecs$")...)
	if s.procs > 0 {
		cmd = exec.CommandContext(t.Context(), "go", append(args, program, "--", "-test.run=^TestSpecs$")...)
	}
	cmd.Env = append(os.Environ(), specsVariable+"="+toJSON(t, s.list))
	out, err := cmd.CombinedOutput()
	r := ran{output: string(out), failed: err != nil}
	var reports []types.Report
	if err := json.Unmarshal(read(t, folder, "r.json", r.output), &reports); err != nil || len(reports) != 1 {
		t.Fatalf("%v: %d reports\n%s", err, len(reports), r.output)
	}
	r.junit = string(read(t, folder, "r.xml", r.output))
	for _, spec := range reports[0].SpecReports {
		if spec.LeafNodeType.Is(types.NodeTypeIt) {
			r.specs = append(r.specs, spec)
		}
	}
	return r
}

func toJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func read(t *testing.T, folder, name, output string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatalf("%v\n%s", err, output[:min(len(output), 2000)])
	}
	return text
}

var idInText = regexp.MustCompile(`\[([a-z0-9-]+)\]$`)

// in returns the specs with a state, as "provider id", sorted.
func (r *ran) in(states types.SpecState) []string {
	var list []string
	for i := range r.specs {
		if spec := &r.specs[i]; spec.State.Is(states) {
			container := spec.ContainerHierarchyTexts[len(spec.ContainerHierarchyTexts)-2]
			list = append(list, strings.TrimPrefix(container, "webhook consumer: ")+" "+idInText.FindStringSubmatch(spec.LeafNodeText)[1])
		}
	}
	slices.Sort(list)
	return list
}

// spec returns the spec of a check.
func (r *ran) spec(t *testing.T, id string) *types.SpecReport {
	t.Helper()
	for i := range r.specs {
		if strings.HasSuffix(r.specs[i].LeafNodeText, "["+id+"]") {
			return &r.specs[i]
		}
	}
	t.Fatalf("no spec of %s\n%s", id, r.output)
	return nil
}

// TestRightConsumers checks that all specs of right consumers pass, in parallel processes and in
// any order, wherever they were registered.
func TestRightConsumers(t *testing.T) {
	t.Parallel()
	r := suite{procs: 3, list: []checked{
		{Provider: "stripe", Around: "suite", Seed: 7},
		{Provider: "neostore", Around: "each", Only: few},
		{Provider: "github", Around: "ordered", Only: few},
	}}.run(t)
	if failed := r.in(types.SpecStateFailureStates); r.failed || len(failed) > 0 {
		t.Fatalf("%v failed\n%s", failed, r.output)
	}
	checks, err := exam.Checks()
	if err != nil {
		t.Fatal(err)
	}
	if len(r.specs) != 3*len(checks) {
		t.Errorf("%d specs of %d checks", len(r.specs), len(checks))
	}
	passed := r.in(types.SpecStatePassed)
	for _, id := range few {
		for _, provider := range []string{"stripe", "neostore", "github"} {
			if id != "load-slow-sender" && !slices.Contains(passed, provider+" "+id) {
				t.Errorf("%s did not pass for %s", id, provider)
			}
		}
	}
	for _, name := range []string{"webhook consumer: stripe", "a shop webhook consumer: neostore", "a team's own webhook consumer: github"} {
		if n := strings.Count(r.output, name+" - "); n != 1 {
			t.Errorf("%d scores of %s, want 1", n, name)
		}
	}
	if n := len(regexp.MustCompile(`must +\d+ of \d+ passed`).FindAllString(r.output, -1)); n != 3 {
		t.Errorf("%d scores of the level must, want 3", n)
	}
	processes := map[string]map[int]bool{} // by container
	for _, spec := range r.specs {
		group := strings.Join(spec.ContainerHierarchyTexts, " ")
		if processes[group] == nil {
			processes[group] = map[int]bool{}
		}
		processes[group][spec.ParallelProcess] = true
	}
	for group, numbers := range processes {
		if len(numbers) != 1 {
			t.Errorf("%s: the specs ran in the processes %v, want one", group, numbers)
		}
	}
	if t.Failed() {
		t.Log(r.output)
	}
}

// TestSpecsAreLabelled checks the labels and the decorators of the specs.
func TestSpecsAreLabelled(t *testing.T) {
	t.Parallel()
	r := suite{args: []string{"dry-run"}, list: []checked{{Provider: "stripe", Around: "suite"}}}.run(t)
	checks, err := exam.Checks()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range checks {
		spec := r.spec(t, c.ID)
		labels := strings.Join(spec.Labels(), " ")
		want := fmt.Sprintf("stripe %s %s", c.Level, c.Theme)
		serial := c.Theme == "load" || slices.Contains(c.Needs, scenarios.NeedsRestart)
		if serial {
			want = fmt.Sprintf("stripe Serial %s %s", c.Level, c.Theme)
		}
		if labels != want || spec.IsSerial != serial {
			t.Errorf("%s: labels %s, serial %t, want %s", c.ID, labels, spec.IsSerial, want)
		}
		if file := filepath.Base(spec.LeafNodeLocation.FileName); file != "specs_test.go" {
			t.Errorf("%s: it is at %s, want the place that registers it", c.ID, file)
		}
	}
}

// TestMistakes checks that the specs of consumers with one mistake are red that find it, and no
// others, in parallel processes and in one.
func TestMistakes(t *testing.T) {
	t.Parallel()
	list := []checked{
		{Provider: "neostore", Mistake: "verifies-parsed-body"},
		{Provider: "github", Mistake: "no-deduplication"},
		{Provider: "stripe", Mistake: "overwrites-newer", Seed: 7},
		{Provider: "subscribfy", Mistake: "refuses-unknown-event"},
		{Provider: "ethpass", Mistake: "no-verification"},
	}
	want := []string{
		"ethpass signature-wrong-secret", "github duplicate-concurrent-copies", "github duplicate-sequential", "neostore body-json-styles",
		"stripe order-reversed", "subscribfy schema-unknown-event",
	}
	for _, procs := range []int{0, 3} {
		for i := range list {
			list[i].Only, list[i].Around = few, []string{"suite", "each", "ordered"}[(i+procs/3)%3]
		}
		r := suite{procs: procs, list: list}.run(t)
		if failed := r.in(types.SpecStateFailureStates); !r.failed || !slices.Equal(failed, want) {
			t.Errorf("%d processes: want %v failed, got %v\n%s", procs, want, failed, r.output)
		}
	}
}

// TestOneSpec checks that a spec that runs alone finds what it finds in the whole suite, and that
// the failure shows all that is known of it.
func TestOneSpec(t *testing.T) {
	t.Parallel()
	for mistake, want := range map[string][]string{
		"":                  nil,
		"processes-refused": {"stripe signature-wrong-secret"},
	} {
		r := suite{args: []string{"focus=signature-wrong-secret"}, list: []checked{{Provider: "stripe", Around: "suite", Mistake: mistake, Seed: 7}}}.run(t)
		if failed := r.in(types.SpecStateFailureStates); !slices.Equal(failed, want) || r.failed != (want != nil) {
			t.Errorf("mistake %q: want %v failed, got %v\n%s", mistake, want, failed, r.output)
		}
		if n := len(r.in(types.SpecStatePassed | types.SpecStateFailureStates)); n != 1 {
			t.Errorf("%d specs ran", n)
		}
		if mistake == "" {
			continue
		}
		for where, text := range map[string]string{
			"failure": r.spec(t, "signature-wrong-secret").Failure.Message, "output": r.output, "JUnit failure": texts(t, r.junit),
		} {
			for _, part := range []string{
				"the consumer acted on it", "why it matters: Whoever", "fix: Compute", "repeat: hookrig check http://", "sources: ",
				"POST /hooks HTTP/1.1", "Stripe-Signature: t=", `"type": "customer.created"`, "response: 401\n", "curl:\nprintf ", "\ncurl -sS ",
			} {
				if !strings.Contains(unindented(text), part) {
					t.Errorf("the %s lacks %q", where, part)
				}
			}
		}
		entries := r.spec(t, "signature-wrong-secret").ReportEntries
		report, err := exam.ParseReport([]byte(entries[0].Value.AsJSON))
		if err != nil || entries[0].Name != "hookrig check" {
			t.Fatalf("%v: %+v", err, entries)
		}
		if e := report.Checks[0].Exchange; e == nil || len(e.Request.Body) == 0 || e.Status != 401 {
			t.Errorf("the report entry has no exchange: %+v", report)
		}
		properties := properties(t, r.junit)
		if text := properties["hookrig check"]; text != entries[0].Value.AsJSON {
			t.Errorf("JUnit has the report entry %q, want %q", text, entries[0].Value.AsJSON)
		}
		if !strings.Contains(properties["webhook consumer: stripe"], "must   0 of 1 passed") {
			t.Errorf("JUnit has the scores %v", properties)
		}
	}
}

// unindented returns a text without the spaces before its lines.
func unindented(text string) string { return regexp.MustCompile(`(?m)^ +`).ReplaceAllString(text, "") }

// junit is the part of a JUnit file that the tests read.
type junit struct {
	Cases []struct {
		Failure    string `xml:"failure"`
		Properties []struct {
			Name  string `xml:"name,attr"`
			Value string `xml:"value,attr"`
		} `xml:"properties>property"`
	} `xml:"testsuite>testcase"`
}

// properties returns the properties of the test cases of a JUnit file.
func properties(t *testing.T, text string) map[string]string {
	t.Helper()
	var file junit
	if err := xml.Unmarshal([]byte(text), &file); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, c := range file.Cases {
		for _, p := range c.Properties {
			all[p.Name] = p.Value
		}
	}
	return all
}

// texts returns the texts of the failures of a JUnit file.
func texts(t *testing.T, text string) string {
	t.Helper()
	var file junit
	if err := xml.Unmarshal([]byte(text), &file); err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, c := range file.Cases {
		all.WriteString(c.Failure)
	}
	return all.String()
}

// TestResults checks what becomes of each result: which specs fail and which skip, and what the
// score says.
func TestResults(t *testing.T) {
	t.Parallel()
	r := suite{list: []checked{
		{
			Provider: "stripe", Around: "suite", Mistake: "409-on-duplicate", Only: few,
			Skip:  map[string]string{"order-reversed": "we ask the API"},
			Known: map[string]string{"duplicate-sequential": "ticket 7", "signature-wrong-secret": "ticket 8"},
		},
		{Provider: "subscribfy", Around: "suite", Mistake: "500-on-bad-signature", Only: []string{"signature-status"}},
	}}.run(t)
	want := []string{"stripe signature-wrong-secret"} // a known failure that passes
	if failed := r.in(types.SpecStateFailureStates); !slices.Equal(failed, want) {
		t.Fatalf("want %v failed, got %v\n%s", want, failed, r.output)
	}
	skipped := map[string]string{}
	for _, spec := range r.specs {
		if spec.State.Is(types.SpecStateSkipped) && slices.Contains(spec.Labels(), "stripe") {
			skipped[idInText.FindStringSubmatch(spec.LeafNodeText)[1]] = spec.Failure.Message
		}
	}
	for id, reason := range map[string]string{
		"order-reversed": "left out: we ask the API", "duplicate-sequential": "known to fail: ticket 7",
		"signature-missing": "Consumer.Only and Consumer.Gate do not select it",
	} {
		if skipped[id] != reason {
			t.Errorf("%s skips with %q, want %q", id, skipped[id], reason)
		}
	}
	if passed := r.in(types.SpecStatePassed); !slices.Contains(passed, "subscribfy signature-status") {
		t.Errorf("a warning fails: %v", passed)
	}
	for _, part := range []string{
		"skipped: order-reversed: we ask the API", "it is known to fail: ticket 7", "it was known to fail (ticket 8), and passes",
		"WARN should: ", "no document states this rule",
	} {
		if !strings.Contains(r.output, part) {
			t.Errorf("the output lacks %q", part)
		}
	}
	if t.Failed() {
		t.Log(r.output)
	}
}

// TestInconclusive checks that a check without a grade skips, and fails if the consumer is strict.
func TestInconclusive(t *testing.T) {
	t.Parallel()
	for _, strict := range []bool{false, true} {
		r := suite{args: []string{"focus=rotation-old-secret"}, list: []checked{{Provider: "stripe", Around: "suite", OneSecret: true, Strict: strict}}}.run(t)
		spec := r.spec(t, "rotation-old-secret")
		want := map[bool]types.SpecState{false: types.SpecStateSkipped, true: types.SpecStateFailed}[strict]
		if spec.State != want || !strings.Contains(spec.Failure.Message, "inconclusive: it signs with a second secret") || r.failed != strict {
			t.Errorf("strict %t: %s: %s", strict, spec.State, spec.Failure.Message)
		}
	}
}

// TestCannotBegin checks that nothing is green when nothing can be graded: the first spec fails and
// says why.
func TestCannotBegin(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]checked{
		"the exam cannot begin: http://127.0.0.1:":                  {Secret: "other"},
		"the exam cannot begin: the effect cannot be read":          {Blind: true},
		`no check has the id, theme or level "none"`:                {Only: []string{"none"}},
		`Register has the provider "stripe", and the Consumer "pay`: {Other: "paypal"},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			c.Provider, c.Around = "stripe", "suite"
			r := suite{args: []string{"label-filter=!Serial"}, list: []checked{c}}.run(t)
			failed := r.in(types.SpecStateFailureStates)
			if len(failed) != 1 || len(r.in(types.SpecStatePassed)) > 0 || !r.failed || !strings.Contains(r.output, want) {
				t.Errorf("failed %v, want one spec, with %q\n%s", failed, want, r.output)
			}
		})
	}
}

// TestRestartedAtOneAddress checks that the exam asks the consumer of the spec, and not one that
// was started before it at the same address.
func TestRestartedAtOneAddress(t *testing.T) {
	t.Parallel()
	only := []string{"signature-wrong-secret", "duplicate-sequential", "schema-unknown-event"}
	r := suite{list: []checked{{Provider: "github", Around: "port", Only: only, Mistake: "no-deduplication"}}}.run(t)
	if failed := r.in(types.SpecStateFailureStates); !slices.Equal(failed, []string{"github duplicate-sequential"}) {
		t.Errorf("want one mistake, got %v", failed)
	}
	if passed := r.in(types.SpecStatePassed); len(passed) != len(only)-1 {
		t.Errorf("%v passed, want all others", passed)
	}
	if t.Failed() {
		t.Log(r.output)
	}
}

// TestRun checks the subtests of plain tests: their names, their results, and that one of them can
// run alone.
func TestRun(t *testing.T) {
	t.Parallel()
	graded := few[:len(few)-1]
	list := []checked{
		{Provider: "github", Mistake: "no-deduplication", Only: graded, Skip: map[string]string{"order-reversed": "we ask the API"}},
		{Provider: "ethpass", Only: graded, Known: map[string]string{"schema-unknown-event": "ticket 7"}},
	}
	for pattern, want := range map[string][]string{
		"TestSubtests": {
			"FAIL: TestSubtests/ethpass/must/schema/schema-unknown-event",
			"FAIL: TestSubtests/github/must/duplicates/duplicate-concurrent-copies", "FAIL: TestSubtests/github/must/duplicates/duplicate-sequential",
			"PASS: TestSubtests/ethpass/must/signature/signature-wrong-secret", "SKIP: TestSubtests/github/must/order/order-reversed",
			"left out: we ask the API", "why it matters: ", "curl:", "it was known to fail (ticket 7), and passes", "must   4 of 5 passed, 1 not applicable", "must   3 of 5 passed, 1 skipped",
		},
		"TestSubtests/github/must/duplicates/duplicate-seq": {
			"FAIL: TestSubtests/github/must/duplicates/duplicate-sequential", "must   0 of 1 passed",
		},
		"TestSubtests/ethpass/must/signature": {"PASS: TestSubtests/ethpass/must/signature/signature-wrong-secret", "must   1 of 1 passed"},
	} {
		program, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), program, "-test.v", "-test.run="+pattern)
		cmd.Env = append(os.Environ(), specsVariable+"="+toJSON(t, list))
		out, err := cmd.CombinedOutput()
		text := string(out)
		failures := 0
		for _, part := range want {
			if strings.HasPrefix(part, "FAIL") {
				failures++
			}
			if !strings.Contains(text, part) {
				t.Errorf("%s: the output lacks %q", pattern, part)
			}
		}
		if n := strings.Count(text, "FAIL: TestSubtests/") - strings.Count(text, "FAIL: TestSubtests/github (") - strings.Count(text, "FAIL: TestSubtests/ethpass ("); n != failures {
			t.Errorf("%s: %d subtests failed, want %d", pattern, n, failures)
		}
		if (err != nil) != (failures > 0) {
			t.Errorf("%s: %v", pattern, err)
		}
		if t.Failed() {
			t.Fatal(text)
		}
	}
}
