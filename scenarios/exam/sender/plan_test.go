package sender_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver"
	"github.com/hookrig/hookrig/scenarios/exam/sender"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares a text with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (go test -update rewrites it):\n%s", path, got)
	}
}

// Each policy of a vendor is provoked by what it says, and a bin accepts every plan.
func TestPlans(t *testing.T) {
	t.Parallel()
	p, err := fixtures.Builtin().Provider("standard-webhooks")
	if err != nil {
		t.Fatal(err)
	}
	server := mockserver.StartT(t)
	var text strings.Builder
	for _, policy := range fixtures.VendorPolicies() {
		plan, err := sender.NewPlan(sender.Options{Provider: p, Retry: "like " + policy.Name}, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := plan.Prepare(t.Context(), server.Client(), "inbox"); err != nil {
			t.Errorf("%s: %v", policy.Name, err)
		}
		fmt.Fprintf(&text, "%s\n", policy.Name)
		for _, e := range plan.Events {
			fmt.Fprintf(&text, "  %s\n", e.Shows)
		}
		if plan.Last != nil {
			fmt.Fprintf(&text, "  last: %s\n", plan.Last.Shows)
		}
		for _, note := range plan.Notes {
			fmt.Fprintf(&text, "  note: %s\n", note)
		}
	}
	golden(t, "plans.golden", text.String())
}
