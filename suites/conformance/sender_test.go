package conformance_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/onsi/ginkgo/v2/types"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/scenarios/exam"
	"github.com/hookrig/hookrig/scenarios/exam/sender"
	"github.com/hookrig/hookrig/suites/conformance"
)

const sendersSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// eventOf is an event of each provider that the tests send.
func eventOf(provider string) string {
	return map[string]string{"standard-webhooks": "contact.created", "stripe": "customer.created"}[provider]
}

// sent starts a sender, hookrig's own engine, that sends two events to a bin.
func (c checked) sent(t mockserver.T) conformance.Sender {
	server := mockserver.StartT(t)
	inbox, from := server.Bin("inbox"), server.Provider(c.Provider)
	ctx := context.Background()
	var faults []string
	if c.Mistake != "" {
		faults = append(faults, c.Mistake)
	}
	_, err := from.Register(ctx, mockserver.Endpoint{URL: inbox.URL(), Secrets: []string{sendersSecret}})
	for range 2 {
		_, failed := from.Emit(ctx, eventOf(c.Provider), faults...)
		err = errors.Join(err, failed)
	}
	_, failed := inbox.Wait(ctx, 2)
	if err = errors.Join(err, failed); err != nil {
		t.Fatalf("%v", err)
	}
	secrets := []string{sendersSecret}
	if c.Secret != "" {
		secrets = []string{c.Secret}
	}
	return conformance.Sender{Bin: inbox, Provider: c.Other, Secrets: secrets, Skip: c.Skip, Known: c.Known, Only: c.Only, Strict: c.Strict}
}

// sentChecks are checks that two good deliveries show.
func sentChecks() []string {
	return []string{"signature-valid", "signature-fresh", "http-method", "retry-5xx"}
}

// TestSenders checks the specs of a right sender and of a wrong one: their results, their labels,
// their report entries and their score.
func TestSenders(t *testing.T) {
	t.Parallel()
	r := suite{list: []checked{
		{Provider: "standard-webhooks", Sends: true, Only: sentChecks(), Skip: map[string]string{"signature-fresh": "our clock is virtual"}},
		{Provider: "stripe", Sends: true, Only: append(sentChecks(), "body-documented"), Mistake: "signature:tampered", Known: map[string]string{"http-method": "ticket 7"}},
	}}.run(t)
	defer func() {
		if t.Failed() {
			t.Log(r.output)
		}
	}()
	if len(r.specs) != 2*len(sender.Checks()) {
		t.Errorf("%d specs of %d checks", len(r.specs), len(sender.Checks()))
	}
	named := func(states types.SpecState) string {
		return strings.ReplaceAll(strings.Join(r.in(states), ", "), "webhook sender: ", "")
	}
	if got, want := named(types.SpecStatePassed), "standard-webhooks http-method, standard-webhooks signature-valid, stripe body-documented"; got != want {
		t.Errorf("passed: %s; want %s", got, want)
	}
	// A known failure that passes fails.
	if got, want := named(types.SpecStateFailureStates), "stripe http-method, stripe signature-valid"; got != want {
		t.Errorf("failed: %s; want %s", got, want)
	}
	reasons := map[string]string{}
	for _, spec := range r.specs {
		id := idInText.FindStringSubmatch(spec.LeafNodeText)[1]
		provider := strings.TrimPrefix(spec.ContainerHierarchyTexts[0], "webhook sender: ")
		if spec.State.Is(types.SpecStateSkipped) {
			reasons[provider+" "+id] = spec.Failure.Message
		}
		if !strings.HasSuffix(spec.LeafNodeLocation.FileName, "specs_test.go") {
			t.Errorf("%s is at %s, want the place that registers it", id, spec.LeafNodeLocation.FileName)
		}
		if provider == "stripe" && id == "signature-valid" {
			if labels := strings.Join(spec.Labels(), " "); labels != "stripe must signature" {
				t.Errorf("labels %s", labels)
			}
			report, err := exam.ParseReport([]byte(spec.ReportEntries[0].Value.AsJSON))
			if err != nil || len(report.Checks) != 1 || len(report.Checks[0].Attempts) != 2 || report.Sender == nil {
				t.Errorf("the report entry lacks the attempts: %v: %+v", err, report)
			}
		}
	}
	for check, reason := range map[string]string{
		"standard-webhooks signature-fresh": "left out: our clock is virtual",
		"standard-webhooks retry-5xx":       "inconclusive: no attempt got the response",
		"standard-webhooks order":           "Sender.Only does not select it",
	} {
		if !strings.HasPrefix(reasons[check], reason) {
			t.Errorf("%s skips with %q, want %q", check, reasons[check], reason)
		}
	}
	for _, part := range []string{"exam of inbox, a sender of stripe events, 2 requests of 2 events", "why it matters: Consumers refuse what they cannot verify", "it was known to fail (ticket 7), and passes"} {
		if !strings.Contains(r.output, part) {
			t.Errorf("the output lacks %q", part)
		}
	}
}

// TestSendersCannotBegin checks that nothing is green when nothing can be graded.
func TestSendersCannotBegin(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]checked{
		`no check has the id, theme or level "none"`:                       {Only: []string{"none"}},
		`RegisterSender has the provider "stripe", and the Sender "paypal`: {Other: "paypal"},
	} {
		c.Provider, c.Sends = "stripe", true
		r := suite{list: []checked{c}}.run(t)
		if failed := r.in(types.SpecStateFailureStates); len(failed) != 1 || len(r.in(types.SpecStatePassed)) > 0 || !strings.Contains(r.output, want) {
			t.Errorf("failed %v, want one spec, with %q\n%s", failed, want, r.output)
		}
	}
}

// TestRunWrongSender checks the subtests of a wrong sender, and that strict makes a check fail that
// is inconclusive.
func TestRunWrongSender(t *testing.T) {
	t.Parallel()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "-test.v", "-test.run=TestSubtests")
	cmd.Env = append(os.Environ(), specsVariable+"="+toJSON(t, []checked{
		{Provider: "standard-webhooks", Other: "standard-webhooks", Sends: true, Only: sentChecks(), Secret: "whsec_b3RoZXJvdGhlcm90aGVyb3RoZXI=", Strict: true},
	}))
	out, err := cmd.CombinedOutput()
	text := string(out)
	for _, part := range []string{
		"FAIL: TestSubtests/standard-webhooks/must/signature/signature-valid", "FAIL: TestSubtests/standard-webhooks/must/retry/retry-5xx",
		"PASS: TestSubtests/standard-webhooks/must/request/http-method", "it is inconclusive: no attempt got", "exam of inbox, a sender of standard-webhooks events",
	} {
		if !strings.Contains(text, part) {
			t.Errorf("the output lacks %q", part)
		}
	}
	if err == nil || t.Failed() {
		t.Errorf("%v\n%s", err, text)
	}
}

// impatient returns standard-webhooks with a documented policy whose waits a test can await.
func impatient(t *testing.T) *fixtures.Catalogue {
	t.Helper()
	const name, policy = "standard-webhooks", `
  timeout: 2s
  success: [2xx]
  redirects: fail
  ordering: none
  disable:
    - {on: ["410"], action: disable}
  retry: quick
  profiles:
    quick: {schedule: [200ms, 300ms, 400ms], retry_after: honour}
`
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, name), os.DirFS("../../fixtures/providers/"+name)); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, name, "provider.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text = regexp.MustCompile(`(?s)\n  unstated: .*?\nsubscription:`).ReplaceAll(text, []byte(policy+"\nsubscription:"))
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	known, err := fixtures.Load(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	return known
}

// TestRunSender checks a right sender, hookrig's own engine, that sends when the bin is ready.
func TestRunSender(t *testing.T) {
	t.Parallel()
	known := impatient(t)
	server := mockserver.StartT(t, mockserver.Options{Catalogue: known, RealClock: true})
	inbox, from := server.Bin("inbox"), server.Provider("standard-webhooks")
	if _, err := from.Register(t.Context(), mockserver.Endpoint{URL: inbox.URL(), Secrets: []string{sendersSecret}}); err != nil {
		t.Fatal(err)
	}
	var events atomic.Int64
	conformance.RunSender(t, conformance.Sender{
		Bin: inbox, Secrets: []string{sendersSecret}, Catalogue: known, Late: 5 * time.Second,
		// What the machine must be fast for is left to other tests.
		Only: slices.DeleteFunc(ids(), func(id string) bool { return id == "timeout" || id == "http-keep-alive" || id == "signature-renewed" }),
		Send: func(ctx context.Context) error {
			events.Add(1)
			_, err := from.Emit(ctx, "contact.created")
			return err
		},
	})
	if n := events.Load(); n != 9 {
		t.Errorf("%d events were sent, want the 8 of the plan and the last one", n)
	}
}

// ids returns the ids of the checks of senders.
func ids() []string {
	var list []string
	for _, c := range sender.Checks() {
		list = append(list, c.ID)
	}
	return list
}
