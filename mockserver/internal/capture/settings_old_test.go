package capture

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookrig/hookrig/mockserver/internal/journal"
)

// Settings that were stored under their first names mean the same.
func TestOldNamesOfSettings(t *testing.T) {
	t.Parallel()
	const doc = `{"provider":"neostore","replies":{"turns":[{"status":503},{"status":200}],"loop":true,"by":"delivery",
		"rules":[{"where":".method == \"GET\"","reply":{"status":405}},{"where":"true","turns":[{"status":500}],"loop":true}]}}`
	var got storedSettings
	if err := parseSettings([]byte(doc), &got); err != nil {
		t.Fatal(err)
	}
	want := Settings{Provider: "neostore", Responses: Script{
		Sequence: []journal.Response{{Status: 503}, {Status: 200}}, Loop: true, By: "delivery",
		Rules: []Rule{
			{Where: `.method == "GET"`, Response: journal.Response{Status: 405}},
			{Where: "true", Sequence: []journal.Response{{Status: 500}}, Loop: true},
		},
	}}
	if diff := cmp.Diff(want, got.Settings); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
