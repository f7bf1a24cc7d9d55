package sender_test

import (
	"context"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/scenarios/exam"
	"github.com/hookrig/hookrig/scenarios/exam/sender"
)

// quick returns the built-in providers that are checked here, with a documented policy whose waits
// a test can await.
func quick(t *testing.T) *fixtures.Catalogue {
	t.Helper()
	const policy = `
  timeout: 3s
  success: [2xx]
  redirects: fail
  ordering: none
  https_only: false
  disable:
    - {on: ["410"], action: disable}
  retry: quick
  profiles:
    quick: {schedule: [200ms, 300ms, 400ms], retry_after: honour}
`
	root, files := os.DirFS("../../../fixtures/providers"), fstest.MapFS{}
	for _, name := range []string{"stripe", "neostore", "standard-webhooks", "github"} {
		err := fs.WalkDir(root, name, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := fs.ReadFile(root, path)
			files[path] = &fstest.MapFile{Data: data}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		file := files[name+"/provider.yaml"]
		text := regexp.MustCompile(`(?s)\n  (unstated|timeout): .*?\nsubscription:`).ReplaceAllString(string(file.Data), policy+"\nsubscription:")
		// An option of stripe selects a profile by name.
		file.Data = []byte(strings.ReplaceAll(text, "delivery.retry: live", "delivery.retry: quick"))
	}
	known, err := fixtures.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	return known
}

// hookrig's own providers pass their exam, over HTTP and by the wall clock.
func TestOwnProvidersPass(t *testing.T) {
	t.Parallel()
	known := quick(t)
	for name, row := range map[string]struct{ event, secret string }{
		"stripe":            {"customer.created", "whsec_test_secret_of_the_exam_0123"},
		"neostore":          {"Pass:Created", "a-secret-of-the-exam-0123456789ab"},
		"github":            {"push", "a-secret-of-the-exam"},
		"standard-webhooks": {"contact.created", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			p, err := known.Provider(name)
			if err != nil {
				t.Fatal(err)
			}
			server := mockserver.StartT(t, mockserver.Options{Catalogue: known, RealClock: true})
			inbox, provider := server.Bin("inbox"), server.Provider(name)
			if _, err := provider.Register(ctx, mockserver.Endpoint{URL: inbox.URL(), Secrets: []string{row.secret}}); err != nil {
				t.Fatal(err)
			}
			if err := server.Client().WaitIdle(ctx); err != nil { // github greets its endpoint
				t.Fatal(err)
			}
			if _, err := inbox.Clear(ctx); err != nil {
				t.Fatal(err)
			}
			o := sender.Options{Bin: "inbox", Provider: p, Secrets: []string{row.secret}, Late: 100 * time.Millisecond}
			plan, err := sender.NewPlan(o, 0)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := plan.Prepare(ctx, server.Client(), "inbox"); err != nil {
				t.Fatal(err)
			}
			requests := 0
			for i, e := range append(plan.Events, *plan.Last) {
				if i == len(plan.Events) { // it is sent when the others are delivered
					if _, err := inbox.Wait(ctx, requests); err != nil {
						t.Fatal(err)
					}
				}
				if _, err := provider.Emit(ctx, row.event); err != nil {
					t.Fatal(err)
				}
				requests += len(e.Responses)
				// The plan's order is that of the first attempts.
				waited, err := inbox.WaitFor(ctx, mockserver.Wait{Count: i + 1, Timeout: mockserver.Duration(time.Minute)})
				if err != nil || !waited.OK {
					t.Fatalf("%+v, %v", waited, err)
				}
			}
			if _, err := inbox.Wait(ctx, requests); err != nil {
				t.Fatal(err)
			}
			// Everything has come: a retry later than this would be a mistake of this test's plan.
			o.Now, o.Late = time.Now().Add(time.Hour), time.Minute
			captures, err := inbox.Captures(ctx)
			if err != nil {
				t.Fatal(err)
			}
			r, err := sender.Grade(captures, o)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range r.Checks {
				switch {
				case c.Result == exam.Fail:
					t.Errorf("%s: %s", c.ID, c.Why)
				case c.Result == exam.Warn:
					t.Logf("warned: %s: %s", c.ID, c.Why)
				case c.Result == exam.Inconclusive && c.ID != "signature-renewed" && c.ID != "http-keep-alive":
					t.Errorf("%s is inconclusive: %s", c.ID, c.Why)
				}
			}
		})
	}
}
